#include "node/services/dns/domain_records.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/services/dns/sender_policy.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

using State = DomainRecord::State;

constexpr auto silent = "the DNS gave no answer: it cannot be known";

/// The host in "10 host" or "0 1 993 host".
std::string last_word(const std::string& record) {
  return text::to_lower(record.substr(record.rfind(' ') + 1));
}

std::vector<std::string> addresses_of_exchangers(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<std::string> all;
  for (const auto& record : answers.of(RecordType::mx, facts.domain)) {
    const auto some = answers.of(RecordType::address, last_word(record));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// One that only has to be looked at: nothing there is missing, no answer is unknown.
DomainRecord looked_up(DomainRecord record, RecordType type, const DnsAnswers& answers) {
  record.found = answers.of(type, record.name);
  const bool known = answers.is_known(type, record.name);
  record.state = !known ? State::unknown : record.found.empty() ? State::missing : State::present;
  if (!known) record.note = silent;
  return record;
}

DomainRecord wanted(std::string purpose, std::string name, std::string type, std::string value) {
  DomainRecord record;
  record.purpose = std::move(purpose);
  record.name = std::move(name);
  record.type = std::move(type);
  record.value = std::move(value);
  return record;
}

/// Right when one of the hosts is this node, or has the address of one of the grid's.
DomainRecord judge_exchangers(const DomainFacts& facts, const DnsAnswers& answers) {
  auto record = looked_up(wanted("mail to the domain", facts.domain, "MX", "10 " + facts.hostname),
                          RecordType::mx, answers);
  if (record.state != State::present) {
    if (record.state == State::missing) record.note = "one for each node that takes mail from the world";
    return record;
  }
  const auto addresses = addresses_of_exchangers(facts, answers);
  const bool ours =
      std::any_of(record.found.begin(), record.found.end(),
                  [&](const auto& found) { return last_word(found) == text::to_lower(facts.hostname); }) ||
      std::any_of(addresses.begin(), addresses.end(),
                  [&](const auto& a) { return contains(facts.senders, a); });
  if (!ours) {
    record.state = State::wrong;
    record.note =
        "names no node of this grid, as far as is known here; right if what it names passes mail on";
  }
  return record;
}

DomainRecord judge_policy(const DomainFacts& facts, const DnsAnswers& answers) {
  std::string value = "v=spf1 mx";
  std::vector<std::string> senders;
  for (const auto& address : facts.senders) {
    if (!is_public_address(address)) continue;
    senders.push_back(address);
    value += (address.find(':') == std::string::npos ? " ip4:" : " ip6:") + address;
  }
  auto record = looked_up(wanted("who may send for it (SPF)", facts.domain, "TXT", value + " -all"),
                          RecordType::txt, answers);
  std::erase_if(record.found, [](const auto& text) { return !is_sender_policy(text); });
  if (record.state == State::unknown) return record;
  record.state = record.found.empty() ? State::missing : State::present;
  if (senders.empty()) record.note = "no sending node has a public address: add those that mail leaves from";
  if (record.found.size() > 1) {
    record.state = State::wrong;
    record.note = "more than one is an error (RFC 7208, section 4.5)";
  }
  if (record.state != State::present) return record;
  const auto of_exchangers = addresses_of_exchangers(facts, answers);
  const auto of_domain = answers.of(RecordType::address, facts.domain);
  for (const auto& address : senders) {
    const auto allowed = allowed_by(record.found.front(), address, of_exchangers, of_domain);
    if (allowed == Allowed::yes || record.state == State::wrong) continue;
    record.state = allowed == Allowed::no ? State::wrong : State::unknown;
    record.note = allowed == Allowed::no ? address + " may not send" : "what it includes is not looked at";
  }
  return record;
}

/// A record's p= tag without blanks.
std::string public_key_in(const std::string& record) {
  std::string tags = record;
  std::erase_if(tags, [](char c) { return c == ' ' || c == '\t'; });
  const auto begin = tags.starts_with("p=") ? 0 : tags.find(";p=");
  if (begin == std::string::npos) return {};
  const auto value = tags.find('=', begin) + 1;
  return tags.substr(value, tags.find(';', value) - value);
}

std::vector<DomainRecord> judge_keys(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<DomainRecord> records;
  for (const auto& key : facts.keys) {
    auto record =
        looked_up(wanted("signatures (DKIM)", key.record_name, "TXT", key.record), RecordType::txt, answers);
    record.required = !key.is_retired;
    if (key.is_retired) record.note = "retired: needed while mail it signed is on its way";
    const bool matches = std::any_of(record.found.begin(), record.found.end(), [&](const auto& found) {
      return public_key_in(found) == public_key_in(key.record);
    });
    if (record.state == State::present && !matches) {
      record.state = State::wrong;
      record.note = "another key";
    }
    records.push_back(std::move(record));
  }
  if (facts.keys.empty()) {
    auto record = wanted("signatures (DKIM)", "*._domainkey." + facts.domain, "TXT", "");
    record.state = State::missing;
    record.note = "its mail is not signed: gridmail dkim add " + facts.domain;
    records.push_back(std::move(record));
  }
  return records;
}

DomainRecord judge_alignment(const DomainFacts& facts, const DnsAnswers& answers) {
  auto record = looked_up(wanted("what to do with forgeries (DMARC)", "_dmarc." + facts.domain, "TXT",
                                 "v=DMARC1; p=none; rua=mailto:postmaster@" + facts.domain),
                          RecordType::txt, answers);
  std::erase_if(record.found,
                [](const auto& text) { return !text::starts_with_ignoring_case(text, "v=DMARC1"); });
  if (record.state == State::present && record.found.empty()) record.state = State::missing;
  if (record.state == State::missing) record.note = "p=quarantine or p=reject once the reports look well";
  record.required = false;
  return record;
}

std::vector<DomainRecord> judge_reverse(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<DomainRecord> records;
  for (const auto& address : facts.senders) {
    if (!is_public_address(address)) continue;
    auto record = looked_up(wanted("a name for " + address, reverse_name(address), "PTR", facts.hostname),
                            RecordType::ptr, answers);
    record.value = "the sending node's host name";
    const bool confirmed = std::any_of(record.found.begin(), record.found.end(), [&](const auto& host) {
      return contains(answers.of(RecordType::address, host), address);
    });
    if (record.state == State::present && !confirmed) {
      record.state = State::wrong;
      record.note = "the name does not lead back to the address";
    }
    records.push_back(std::move(record));
  }
  return records;
}

/// "0 1 993 host": whether it leads to that port of that host.
bool leads_to(const std::string& service, std::uint16_t port, const std::string& host) {
  const auto target = service.rfind(' ');
  if (target == std::string::npos || last_word(service) != text::to_lower(host)) return false;
  return service.substr(0, target).ends_with(fmt::format(" {}", port));
}

/// RFC 6186, and RFC 8314 for the ports with TLS: how mail programs find their server.
std::vector<DomainRecord> judge_services(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<DomainRecord> records;
  const auto& host = facts.client_host.empty() ? facts.hostname : facts.client_host;
  for (const auto& service : facts.services) {
    auto record = looked_up(wanted("settings of mail programs", service.name + "." + facts.domain, "SRV",
                                   fmt::format("0 1 {} {}", service.port, host)),
                            RecordType::srv, answers);
    record.required = false;
    const bool fits = std::any_of(record.found.begin(), record.found.end(),
                                  [&](const auto& found) { return leads_to(found, service.port, host); });
    if (record.state == State::present && !fits) record.state = State::wrong;
    const bool is_known = record.state != State::unknown;
    if (facts.client_host.empty() && is_known && !fits)
      record.note = "of this node alone: gridmail certificate set says by which name all of them are reached";
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::present:
      return "present";
    case State::missing:
      return "missing";
    case State::wrong:
      return "wrong";
    case State::unknown:
      break;
  }
  return "unknown";
}

void DnsAnswers::add(Question question, Result<std::vector<std::string>> answer) {
  if (!answer && answer.error().code == Errc::not_found) answer = std::vector<std::string>();
  all_.insert_or_assign(std::move(question), std::move(answer));
}

bool DnsAnswers::is_known(RecordType type, const std::string& name) const {
  const auto found = all_.find({type, name});
  return found != all_.end() && found->second.has_value();
}

std::vector<std::string> DnsAnswers::of(RecordType type, const std::string& name) const {
  return is_known(type, name) ? *all_.find({type, name})->second : std::vector<std::string>();
}

std::vector<DnsAnswers::Question> first_questions(const DomainFacts& facts) {
  std::vector<DnsAnswers::Question> all = {{RecordType::mx, facts.domain},
                                           {RecordType::txt, facts.domain},
                                           {RecordType::address, facts.domain},
                                           {RecordType::txt, "_dmarc." + facts.domain}};
  for (const auto& key : facts.keys) all.emplace_back(RecordType::txt, key.record_name);
  for (const auto& address : facts.senders) {
    if (is_public_address(address)) all.emplace_back(RecordType::ptr, reverse_name(address));
  }
  for (const auto& service : facts.services)
    all.emplace_back(RecordType::srv, service.name + "." + facts.domain);
  return all;
}

std::vector<DnsAnswers::Question> second_questions(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<DnsAnswers::Question> all;
  for (const auto& record : answers.of(RecordType::mx, facts.domain))
    all.emplace_back(RecordType::address, last_word(record));
  for (const auto& address : facts.senders) {
    for (const auto& host : answers.of(RecordType::ptr, reverse_name(address)))
      all.emplace_back(RecordType::address, host);
  }
  return all;
}

std::vector<DomainRecord> judge(const DomainFacts& facts, const DnsAnswers& answers) {
  std::vector<DomainRecord> all;
  const auto add = [&](std::vector<DomainRecord> some) {
    std::move(some.begin(), some.end(), std::back_inserter(all));
  };
  all.push_back(judge_exchangers(facts, answers));
  all.push_back(judge_policy(facts, answers));
  add(judge_keys(facts, answers));
  all.push_back(judge_alignment(facts, answers));
  add(judge_reverse(facts, answers));
  add(judge_services(facts, answers));
  return all;
}

}  // namespace gridmail
