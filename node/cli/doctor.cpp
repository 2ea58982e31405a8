#include "node/cli/doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/timex.h>

#include <algorithm>

#include "node/cli/doctor_checks.hpp"
#include "node/cli/mail_port.hpp"
#include "node/cli/outcome.hpp"
#include "node/cli/text_view.hpp"
#include "node/version.hpp"

namespace gridmail::cli {
namespace {

using State = Check::State;

/// Each may take ten seconds.
constexpr std::size_t domains_asked_max = 10;
constexpr auto greeting_max = std::chrono::seconds(8);

std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ';');
  return text;
}

Check skipped(std::string id, const Error& why) {
  return {std::move(id), State::skipped, why.text};
}

Check probe(const ApiClient& api, std::string id, std::string_view path) {
  const auto reply = api.probe(path);
  if (!reply) return {std::move(id), State::failed, reply.error().text};
  return {std::move(id), reply->status == 200 ? State::passed : State::failed, one_line(reply->body)};
}

WallMicros now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

Check clock_is_kept() {
  timex clock{};
  const int state = ::adjtimex(&clock);
  if (state < 0) return {"machine.clock", State::warning, "cannot be asked here"};
  if (state == TIME_ERROR)
    return {"machine.clock", State::warning,
            "nothing keeps it right: install chrony or systemd-timesyncd, here or on the host"};
  return {"machine.clock", State::passed, "kept right"};
}

void examine_node(const ApiClient& api, std::vector<Check>& checks) {
  const auto metrics = api.probe("/metrics");
  if (!metrics) {
    for (const auto* id : {"node.files", "node.clock", "node.disk"})
      checks.push_back({id, State::skipped, metrics.error().text});
    return;
  }
  checks.push_back(files_suffice(metrics->body));
  checks.push_back(clock_is_right(metrics->body, now()));
  checks.push_back(disk_has_room(metrics->body));
}

void examine_grid(const ApiClient& api, const Json& status, std::vector<Check>& checks) {
  const auto& nodes = status.at("nodes");
  const auto verdict = cell_text(status.at("verdict"));
  checks.push_back({"grid.verdict", verdict == "healthy" ? State::passed : State::failed, verdict});
  checks.push_back(nodes_are_alive(nodes));
  checks.push_back(versions_agree(nodes));
  checks.push_back(program_fits(nodes, version));
  const auto figures = api.get("/figures");
  checks.push_back(figures ? clocks_agree(*figures) : skipped("nodes.clocks", figures.error()));
  checks.push_back(figures ? disks_last(*figures, nodes) : skipped("nodes.disks", figures.error()));
  checks.push_back(nothing_wants_doing(status.at("notices")));
  const auto copies = std::min<std::size_t>(status.at("copies").get<std::size_t>(), nodes.size());
  const auto slots = api.get_all("/slots");
  checks.push_back(slots ? slots_have_copies(*slots, copies) : skipped("slots.copies", slots.error()));
  const auto certificates = api.get("/certificates");
  checks.push_back(certificates ? certificates_last(*certificates, now())
                                : skipped("certificates", certificates.error()));
}

Check port_in(const std::vector<std::string>& exchangers) {
  if (exchangers.empty()) return {"port25.in", State::skipped, "no domain has an MX record to try"};
  Check check{"port25.in", State::passed, ""};
  for (const auto& host : exchangers) {
    const auto greeting = mail_greeting(host, "25", greeting_max);
    if (!greeting) check.state = State::failed;
    check.detail += fmt::format("{}{}: {}", check.detail.empty() ? "" : "; ", host,
                                greeting ? "answers" : greeting.error().text);
  }
  return check;
}

Check port_out(const Arguments& arguments) {
  const auto host = arguments.find("--reach");
  if (host == arguments.end())
    return {"port25.out", State::skipped, "--reach HOST names a mail server elsewhere to try"};
  const auto colon = host->second.rfind(':');
  const bool has_port = colon != std::string::npos && host->second.find(':') == colon;
  const auto greeting = mail_greeting(host->second.substr(0, has_port ? colon : std::string::npos),
                                      has_port ? host->second.substr(colon + 1) : "25", greeting_max);
  if (greeting) return {"port25.out", State::passed, fmt::format("{}: {}", host->second, *greeting)};
  return {
      "port25.out", State::failed,
      fmt::format("{}: {}; many providers block port 25 until asked", host->second, greeting.error().text)};
}

void skip_domains(std::vector<Check>& checks, const Error& why) {
  for (const auto* id : {"directory.domains", "dns.records", "dns.reverse", "port25.in"})
    checks.push_back(skipped(id, why));
}

void examine_domains(const ApiClient& api, std::vector<Check>& checks) {
  const auto domains = api.get_all("/domains");
  if (!domains) return skip_domains(checks, domains.error());
  checks.push_back({"directory.domains", domains->empty() ? State::failed : State::passed,
                    domains->empty() ? "no domain: add one with `gridmail domain add`"
                                     : counted(domains->size(), "domain")});
  DomainFindings findings;
  std::size_t asked = 0, known = 0;
  for (const auto& row : *domains) {
    const auto name = row.at("name").get<std::string>();
    if (is_private_domain(name)) continue;
    ++known;
    if (asked == domains_asked_max) continue;
    ++asked;
    const auto answer = api.get(below("domains", name, "/dns"));
    if (answer) {
      take_in(findings, name, answer->at("records"));
    } else {
      findings.unknown.push_back(fmt::format("{}: {}", name, answer.error().text));
    }
  }
  checks.push_back(records_are_there(findings, asked, known));
  checks.push_back(known == 0 ? Check{"dns.reverse", State::skipped, checks.back().detail}
                              : pointers_are_there(findings));
  checks.push_back(port_in(findings.exchangers));
}

std::vector<Check> examine(const ApiClient& api, const Arguments& arguments) {
  std::vector<Check> checks;
  checks.push_back(probe(api, "node.alive", "/livez"));
  if (checks.back().state == State::failed) {
    checks.push_back(clock_is_kept());
    checks.push_back(port_out(arguments));
    skip_rest(checks, "the node does not answer");
    return checks;
  }
  checks.push_back(probe(api, "node.ready", "/readyz?verbose"));
  examine_node(api, checks);
  checks.push_back(clock_is_kept());
  const auto status = api.get("/status");
  checks.push_back(
      {"api.credentials", status ? State::passed : State::failed, status ? "accepted" : status.error().text});
  if (!status) {
    checks.push_back(port_out(arguments));
    skip_rest(checks, "not without credentials that are accepted");
    return checks;
  }
  examine_grid(api, *status, checks);
  examine_domains(api, checks);
  checks.push_back(port_out(arguments));
  return checks;
}

/// Of what nobody has looked at: null.
Json passed(State state) {
  return state == State::skipped ? Json(nullptr) : Json(state != State::failed);
}

}  // namespace

Result<Outcome> doctor(const ApiClient& api, const Arguments& arguments) {
  Outcome outcome;
  auto worst = State::passed;
  outcome.document = {{"passed", true}, {"checks", Json::array()}};
  for (const auto& check : examine(api, arguments)) {
    outcome.document["checks"].push_back({{"id", check.id},
                                          {"passed", passed(check.state)},
                                          {"warning", check.state == State::warning},
                                          {"skipped", check.state == State::skipped},
                                          {"detail", check.detail}});
    outcome.text += fmt::format("[{}] {}: {}{}\n", mark_of(check.state), check.id,
                                check.state == State::skipped ? "skipped: " : "", cell_text(check.detail));
    worst = std::max(worst, check.state);
  }
  outcome.document["passed"] = worst != State::failed;
  outcome.exit_code = worst == State::failed ? 2 : worst == State::warning ? 1 : 0;
  return outcome;
}

}  // namespace gridmail::cli
