#include "node/cli/doctor_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "node/base/date.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

using State = Check::State;

constexpr double files_used_high = 0.8;
constexpr double files_few = 8192;  // a front needs one for each connection, and the store's files
constexpr double clock_off_warning_s = 2, clock_off_failed_s = 60;
/// Spans are ten seconds, and answers come from different moments.
constexpr double clocks_apart_warning_s = 25;
constexpr double disk_days_few = 30;
constexpr WallMicros day = 86'400'000'000;
constexpr WallMicros renewal_due = 21 * day;

std::string gibibytes(double bytes) {
  return fmt::format("{:.1f} GiB", bytes / (1024.0 * 1024 * 1024));
}

Check not_told(std::string id) {
  return {std::move(id), State::warning, "this node does not tell: is it older than this command?"};
}

}  // namespace

char mark_of(State state) {
  constexpr std::string_view marks = " +!-";
  return marks[static_cast<std::size_t>(state)];
}

std::span<const std::string_view> check_ids() {
  static constexpr std::string_view ids[] = {
      "node.alive",    "node.ready",        "node.files",   "node.clock",   "node.disk",
      "machine.clock", "api.credentials",   "grid.verdict", "nodes.alive",  "nodes.same_version",
      "cli.version",   "nodes.clocks",      "nodes.disks",  "grid.notices", "slots.copies",
      "certificates",  "directory.domains", "dns.records",  "dns.reverse",  "port25.in",
      "port25.out"};
  return ids;
}

void skip_rest(std::vector<Check>& checks, std::string_view why) {
  for (const auto id : check_ids()) {
    const bool is_made =
        std::any_of(checks.begin(), checks.end(), [id](const Check& check) { return check.id == id; });
    if (!is_made) checks.push_back({std::string(id), State::skipped, std::string(why)});
  }
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::optional<double> metric(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto value = at + name.size() + 1;
    if ((at != 0 && text[at - 1] != '\n') || value >= text.size() || text[value - 1] != ' ') continue;
    const auto line = text.substr(value, text.find('\n', value) - value);
    double number = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), number);
    if (read.ec == std::errc()) return number;
  }
  return std::nullopt;
}

bool is_private_domain(std::string_view name) {
  static constexpr std::array<std::string_view, 8> private_ends = {
      "test", "example", "invalid", "localhost", "local", "internal", "lan", "home.arpa"};
  return std::any_of(private_ends.begin(), private_ends.end(), [&](std::string_view end) {
    if (!name.ends_with(end)) return false;
    return name.size() == end.size() || name[name.size() - end.size() - 1] == '.';
  });
}

Check files_suffice(std::string_view metrics) {
  const auto open = metric(metrics, "gridmail_process_open_files");
  const auto max = metric(metrics, "gridmail_process_files_max");
  if (!open || !max) return not_told("node.files");
  Check check{"node.files", State::passed, fmt::format("{:.0f} of {:.0f} open", *open, *max)};
  if (*open > *max * files_used_high) {
    check.state = State::failed;
  } else if (*max < files_few) {
    check.state = State::warning;
    check.detail += ": too few for many clients; raise LimitNOFILE";
  }
  return check;
}

Check clock_is_right(std::string_view metrics, WallMicros now) {
  const auto there = metric(metrics, "gridmail_process_clock_seconds");
  if (!there) return not_told("node.clock");
  const auto apart = *there - static_cast<double>(now) / 1e6;
  Check check{"node.clock", State::passed, fmt::format("{:.1f} s from this machine's", std::abs(apart))};
  if (std::abs(apart) > clock_off_failed_s)
    check.state = State::failed;
  else if (std::abs(apart) > clock_off_warning_s)
    check.state = State::warning;
  if (check.state != State::passed) check.detail += apart > 0 ? ", ahead" : ", behind";
  return check;
}

Check disk_has_room(std::string_view metrics) {
  const auto free = metric(metrics, "gridmail_disk_free_bytes"), low = metric(metrics, "gridmail_disk_low");
  if (!free || !low) return not_told("node.disk");
  Check check{"node.disk", State::passed, gibibytes(*free) + " free"};
  if (*low == 0) return check;
  check.state = State::failed;
  check.detail += ": less than its reserve; new mail is refused";
  return check;
}

Check nodes_are_alive(const Json& nodes) {
  std::string gone;
  for (const auto& node : nodes) {
    if (node.at("state") != "alive")
      gone += fmt::format(" {} is {};", cell_text(node.at("name")), cell_text(node.at("state")));
  }
  if (!gone.empty()) return {"nodes.alive", State::failed, gone.substr(1)};
  return {"nodes.alive", State::passed, counted(nodes.size(), "node")};
}

Check versions_agree(const Json& nodes) {
  std::set<std::string> versions;
  for (const auto& node : nodes) {
    if (node.at("version") != "") versions.insert(cell_text(node.at("version")));
  }
  return {"nodes.same_version", versions.size() <= 1 ? State::passed : State::failed,
          fmt::format("{}", fmt::join(versions, ", "))};
}

Check program_fits(const Json& nodes, std::string_view own_version) {
  const auto has_it = [&](const Json& node) { return node.at("version") == own_version; };
  const bool known = std::any_of(nodes.begin(), nodes.end(), has_it);
  return {"cli.version", known ? State::passed : State::warning,
          fmt::format("{}{}", own_version, known ? "" : ", which no node has")};
}

Check clocks_agree(const Json& figures) {
  double first = 0, last = 0;
  std::size_t count = 0;
  for (const auto& node : figures.at("nodes")) {
    const auto end = node.at("end").get<double>();
    first = count == 0 ? end : std::min(first, end);
    last = count == 0 ? end : std::max(last, end);
    ++count;
  }
  if (last - first <= clocks_apart_warning_s)
    return {"nodes.clocks", State::passed, count == 1 ? "1 node" : counted(count, "node") + " agree"};
  return {"nodes.clocks", State::warning, fmt::format("about {:.0f} s apart", last - first)};
}

Check disks_last(const Json& figures, const Json& nodes) {
  std::string few;
  for (const auto& node : figures.at("nodes")) {
    const auto& days = node.at("disk_full_in_days");
    if (days.is_null() || days.get<double>() >= disk_days_few) continue;
    const auto same = [&](const Json& row) { return row.at("id") == node.at("id"); };
    const auto row = std::find_if(nodes.begin(), nodes.end(), same);
    few += fmt::format(" {} is full in {} days;",
                       cell_text(row == nodes.end() ? node.at("id") : row->at("name")), cell_text(days));
  }
  if (!few.empty()) return {"nodes.disks", State::warning, few.substr(1)};
  return {"nodes.disks", State::passed, fmt::format("none is full within {:.0f} days", disk_days_few)};
}

Check slots_have_copies(const Json& slots, std::size_t copies) {
  const auto lacking = std::count_if(slots.begin(), slots.end(), [&](const Json& row) {
    return row.at("primary").is_null() || row.at("in_sync").size() < copies;
  });
  if (lacking == 0)
    return {"slots.copies", State::passed,
            fmt::format("{} with {} in sync", counted(slots.size(), "slot"),
                        copies == 1 ? "1 copy" : fmt::format("{} copies", copies))};
  return {"slots.copies", State::failed,
          fmt::format("{} of {} slots have fewer than {} copies in sync", lacking, slots.size(), copies)};
}

Check nothing_wants_doing(const Json& notices) {
  std::string all;
  for (const auto& notice : notices) all += fmt::format("{}{}", all.empty() ? "" : "; ", cell_text(notice));
  return {"grid.notices", notices.empty() ? State::passed : State::warning, notices.empty() ? "none" : all};
}

Check certificates_last(const Json& certificates, WallMicros now) {
  if (certificates.empty())
    return {"certificates", State::warning,
            "none that all nodes show: each has that of its configuration, or one that it has signed itself"};
  Check check{"certificates", State::passed, ""};
  for (const auto& certificate : certificates) {
    const auto end = parse_rfc3339(certificate.at("not_after").get<std::string>());
    if (!end || *end - now > renewal_due) continue;
    check.state = std::max(check.state, *end <= now ? State::failed : State::warning);
    check.detail +=
        fmt::format("{}{} {} {}", check.detail.empty() ? "" : "; ", cell_text(certificate.at("name")),
                    *end <= now ? "ended" : "ends", cell_text(certificate.at("not_after")));
  }
  if (check.detail.empty()) check.detail = fmt::format("{}, none ends soon", certificates.size());
  return check;
}

void take_in(DomainFindings& findings, const std::string& domain, const Json& records) {
  for (const auto& record : records) {
    const auto type = record.value("type", ""), state = record.value("state", "");
    if (type == "MX") {
      for (const auto& found : record.at("found")) {
        const auto text = found.get<std::string>();
        auto host = text.substr(text.rfind(' ') + 1);
        if (host.ends_with('.')) host.pop_back();
        auto& known = findings.exchangers;
        if (!host.empty() && std::find(known.begin(), known.end(), host) == known.end())
          known.push_back(host);
      }
    }
    if (state == "present" || !record.value("required", true)) continue;
    const bool is_pointer = type == "PTR", is_unknown = state == "unknown";
    auto& list = is_pointer ? (is_unknown ? findings.unknown_pointers : findings.wrong_pointers)
                            : (is_unknown ? findings.unknown : findings.wrong);
    auto line =
        fmt::format("{} {} {}", record.value("name", domain), type, is_unknown ? "not answered" : state);
    if (std::find(list.begin(), list.end(), line) == list.end()) list.push_back(std::move(line));
  }
}

Check records_are_there(const DomainFindings& findings, std::size_t asked, std::size_t domains) {
  if (domains == 0) return {"dns.records", State::skipped, "no domain is one of the public DNS"};
  if (!findings.wrong.empty())
    return {
        "dns.records", State::failed,
        fmt::format("{}: gridmail domain dns says what should be there", fmt::join(findings.wrong, "; "))};
  if (!findings.unknown.empty())
    return {"dns.records", State::warning, fmt::format("{}", fmt::join(findings.unknown, "; "))};
  return {"dns.records", State::passed,
          asked < domains ? fmt::format("of {} of {} in the public DNS: no more are asked at once", asked,
                                        counted(domains, "domain"))
                          : fmt::format("of {} in the public DNS", counted(domains, "domain"))};
}

Check pointers_are_there(const DomainFindings& findings) {
  if (!findings.wrong_pointers.empty())
    return {"dns.reverse", State::failed, fmt::format("{}", fmt::join(findings.wrong_pointers, "; "))};
  if (!findings.unknown_pointers.empty())
    return {"dns.reverse", State::warning, fmt::format("{}", fmt::join(findings.unknown_pointers, "; "))};
  return {"dns.reverse", State::passed, "of all addresses that mail leaves from"};
}

}  // namespace gridmail::cli
