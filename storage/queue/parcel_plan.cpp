#include "storage/queue/parcel_plan.hpp"

#include <algorithm>
#include <map>

namespace gridmail {
namespace {

constexpr int recipients_per_parcel_max = 100;

bool is_told(const queue::Recipient& recipient, queue::Report::Kind kind) {
  const auto notify = recipient.notify();
  switch (kind) {
    case queue::Report::FAILED:
      return notify == queue::NOTIFY_UNSAID || (notify & queue::NOTIFY_FAILURE) != 0;
    case queue::Report::DELAYED:
      return notify == queue::NOTIFY_UNSAID || (notify & queue::NOTIFY_DELAY) != 0;
    default:
      return (notify & queue::NOTIFY_SUCCESS) != 0;
  }
}

/// Gathers the reports of one attempt.
class Reports {
 public:
  Reports(const queue::Message& message, WallMicros now) : message_(message), now_(now) {}

  /// False: nobody is told.
  bool add(queue::Report::Kind kind, const queue::Recipient& recipient, const queue::Outcome& outcome) {
    if (message_.sender().empty() || !is_told(recipient, kind)) return false;
    auto& report = by_kind_[kind];
    auto& row = *report.add_recipients();
    row.set_address(recipient.address());
    row.set_original(recipient.original());
    row.set_status(outcome.status());
    row.set_reply(outcome.reply());
    row.set_host(outcome.host());
    return true;
  }

  std::vector<queue::Report> take(WallMicros retry_until) {
    std::vector<queue::Report> all;
    for (auto& [kind, report] : by_kind_) {
      report.set_kind(kind);
      report.set_at(now_);
      report.set_next_attempt(now_);
      if (kind == queue::Report::DELAYED) report.set_retry_until(retry_until);
      all.push_back(std::move(report));
    }
    return all;
  }

 private:
  const queue::Message& message_;
  WallMicros now_;
  std::map<queue::Report::Kind, queue::Report> by_kind_;
};

/// RFC 3463, section 3.5: delivery time expired. The remote's own words stay with it.
queue::Outcome expired(queue::Outcome outcome) {
  outcome.set_kind(queue::Outcome::FAILED);
  outcome.set_status("4.4.7");
  return outcome;
}

}  // namespace

std::string destination_of(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

std::vector<queue::Parcel> make_parcels(const std::vector<queue::Recipient>& recipients, WallMicros now) {
  std::map<std::string, std::size_t> open;
  std::vector<queue::Parcel> parcels;
  for (const auto& recipient : recipients) {
    const auto domain = destination_of(recipient.address());
    const auto found = open.find(domain);
    if (found == open.end() || parcels[found->second].recipients_size() >= recipients_per_parcel_max) {
      open[domain] = parcels.size();
      auto& parcel = parcels.emplace_back();
      parcel.set_destination(domain);
      parcel.set_next_attempt(now);
    }
    *parcels[open[domain]].add_recipients() = recipient;
  }
  return parcels;
}

std::uint64_t sender_mark(const std::string& sender) {
  const auto domain = std::min(sender.rfind('@'), sender.size());
  Bytes name = sender.substr(0, std::min(sender.find('+'), domain)) + sender.substr(domain);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return read_be64(blake2b(name, 16));
}

queue::Waiting waiting_of(const queue::Parcel& parcel) {
  queue::Waiting waiting;
  waiting.set_destination(parcel.destination());
  waiting.set_settle_by(parcel.settle_by());
  waiting.set_asked(parcel.asked());
  waiting.set_sender(parcel.sender());
  return waiting;
}

ParcelPlan settle(queue::Parcel parcel, const queue::Message& message,
                  const std::vector<queue::Outcome>& outcomes, const RetryRules& rules, WallMicros now,
                  double chance) {
  std::map<std::string, const queue::Outcome*> by_address;
  for (const auto& outcome : outcomes) by_address[outcome.address()] = &outcome;
  const WallMicros expiry = message.accepted() + to_micros(rules.expires_after);
  const bool tells_delay = !parcel.delay_told() && message.accepted() + to_micros(rules.told_after) <= now;

  ParcelPlan plan;
  Reports reports(message, now);
  queue::Parcel left = parcel;
  left.clear_recipients();
  for (const auto& recipient : parcel.recipients()) {
    const auto found = by_address.find(recipient.address());
    queue::Outcome outcome;
    outcome.set_kind(queue::Outcome::DEFERRED);
    outcome.set_status("4.0.0");
    if (found != by_address.end()) outcome = *found->second;
    if (outcome.kind() == queue::Outcome::DEFERRED && expiry <= now) outcome = expired(std::move(outcome));
    if (outcome.kind() == queue::Outcome::DELIVERED) {
      if (outcome.relayed()) reports.add(queue::Report::RELAYED, recipient, outcome);
    } else if (outcome.kind() == queue::Outcome::FAILED) {
      if (!reports.add(queue::Report::FAILED, recipient, outcome))
        plan.dropped.push_back(recipient.address());
    } else {
      *left.add_recipients() = recipient;
      if (!outcome.reply().empty()) left.set_last_reply(outcome.reply());
      if (tells_delay) reports.add(queue::Report::DELAYED, recipient, outcome);
    }
  }
  plan.reports = reports.take(expiry);
  if (left.recipients_size() == 0) return plan;
  left.set_attempts(parcel.attempts() + 1);
  left.set_next_attempt(now + to_micros(retry_pause(rules, left.attempts(), chance)));
  left.set_delay_told(parcel.delay_told() || tells_delay);
  left.set_settle_by(left.delay_told() ? expiry
                                       : std::min(expiry, message.accepted() + to_micros(rules.told_after)));
  // When the time comes, rather than at the next turn of an hour.
  left.set_next_attempt(std::clamp(left.next_attempt(), now + 1, std::max(left.settle_by(), now + 1)));
  left.set_asked(false);
  plan.left = std::move(left);
  return plan;
}

std::optional<queue::Report> report_delivered(const queue::Message& message,
                                              const std::vector<queue::Recipient>& recipients,
                                              WallMicros now) {
  queue::Outcome outcome;
  outcome.set_status("2.0.0");
  outcome.set_reply("delivered to the mailbox");
  Reports reports(message, now);
  for (const auto& recipient : recipients) reports.add(queue::Report::DELIVERED, recipient, outcome);
  auto all = reports.take(0);
  if (all.empty()) return std::nullopt;
  return std::move(all.front());
}

std::optional<queue::Report> report_refused(const queue::Submit& submit, WallMicros now) {
  Reports reports(submit.message(), now);
  for (const auto& recipient : submit.recipients()) {
    if (recipient.has_outcome()) reports.add(queue::Report::FAILED, recipient, recipient.outcome());
  }
  auto all = reports.take(0);
  if (all.empty()) return std::nullopt;
  return std::move(all.front());
}

std::uint32_t report_number(std::uint32_t parcel, std::uint32_t attempts, queue::Report::Kind kind) {
  return (parcel << 18) | ((attempts & 0xffff) << 2) | static_cast<std::uint32_t>(kind);
}

}  // namespace gridmail
