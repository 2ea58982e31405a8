// The part of QueueChange about what goes elsewhere: parcels, and reports to the sender.
#include "storage/queue/queue_change.hpp"

namespace gridmail {
namespace {

using Outgoing = QueueKeys::Outgoing;

/// The same whoever makes it: who is told twice would be told under one GUID.
Bytes report_guid(QueueEntryId id, std::uint32_t number) {
  Bytes name = id.bytes();
  append_be32(name, number);
  return blake2b(name, sizeof(Guid));
}

}  // namespace

void QueueChange::put_new_parcels(QueueEntryId id, const queue::Submit& submit, SubmittedEntry* submitted) {
  std::vector<queue::Recipient> elsewhere;
  for (const auto& recipient : submit.recipients()) {
    if (recipient.user().empty() && !recipient.has_outcome()) elsewhere.push_back(recipient);
  }
  std::uint32_t number = 0;
  const auto sender = sender_mark(submit.message().sender());
  for (auto& parcel : make_parcels(elsewhere, now_)) {
    parcel.set_sender(sender);
    builder_.put_fresh(Family::meta, keys_.parcel(id, number), parcel.SerializeAsString());
    const QueueKeys::OutgoingDue due{parcel.next_attempt(), id, Outgoing::parcel, number};
    auto waiting = waiting_of(parcel);
    builder_.put_fresh(Family::meta, keys_.outgoing_due(due), waiting.SerializeAsString());
    submitted->dues.push_back(due);
    submitted->waiting.push_back(std::move(waiting));
    ++number;
  }
}

void QueueChange::put_refused(QueueEntryId id, const queue::Submit& submit, SubmittedEntry* submitted) {
  auto report = report_refused(submit, now_);
  if (!report) return;
  const auto number = report_number(parcel_of_who_is_here, 0, report->kind());
  report->set_guid(report_guid(id, number));
  const QueueKeys::OutgoingDue due{report->next_attempt(), id, Outgoing::report, number};
  builder_.put_fresh(Family::meta, keys_.report(id, number), report->SerializeAsString());
  builder_.put_fresh(Family::meta, keys_.outgoing_due(due), {});
  submitted->dues.push_back(due);
  submitted->waiting.emplace_back();
}

Task<Result<void>> QueueChange::replace_parcel(QueueEntryId id, std::uint32_t number, queue::Parcel old,
                                               std::optional<queue::Parcel> now) {
  if (!old.held()) {
    const QueueKeys::OutgoingDue due{old.next_attempt(), id, Outgoing::parcel, number};
    if (auto gone = co_await remove(keys_.outgoing_due(due)); !gone) co_return gone;
  }
  if (!now) co_return co_await remove(keys_.parcel(id, number));
  if (!now->held()) {
    const QueueKeys::OutgoingDue due{now->next_attempt(), id, Outgoing::parcel, number};
    auto waiting = waiting_of(*now).SerializeAsString();
    if (auto done = co_await put(keys_.outgoing_due(due), std::move(waiting)); !done) co_return done;
  }
  co_return co_await put(keys_.parcel(id, number), now->SerializeAsString());
}

Task<Result<void>> QueueChange::replace_report(QueueEntryId id, std::uint32_t number,
                                               std::optional<queue::Report> old,
                                               std::optional<queue::Report> now) {
  if (old) {
    const QueueKeys::OutgoingDue due{old->next_attempt(), id, Outgoing::report, number};
    if (auto gone = co_await remove(keys_.outgoing_due(due)); !gone) co_return gone;
  }
  if (!now) co_return co_await remove(keys_.report(id, number));
  const QueueKeys::OutgoingDue due{now->next_attempt(), id, Outgoing::report, number};
  if (auto done = co_await put(keys_.outgoing_due(due), {}); !done) co_return done;
  co_return co_await put(keys_.report(id, number), now->SerializeAsString());
}

Task<Result<void>> QueueChange::settle_parcel(QueueEntryId id, std::uint32_t number, Outcomes outcomes,
                                              RetryRules rules, double chance,
                                              std::shared_ptr<SettledParcel> settled) {
  const auto entry = co_await load<queue::Entry>(keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  const auto parcel = co_await load<queue::Parcel>(keys_.parcel(id, number));
  if (!parcel) co_return tl::unexpected(parcel.error());
  if (!*entry || !*parcel) co_return Result<void>{};  // settled or removed meanwhile
  auto plan = settle(**parcel, (*entry)->message(), outcomes, rules, now_, chance);
  // Nobody else was to get it, and no earlier attempt owes a report: then nothing else has to be looked for.
  const bool is_all = (*parcel)->attempts() == 0 &&
                      static_cast<std::uint32_t>((*parcel)->recipients_size()) == (*entry)->recipients();
  const bool is_over = is_all && !plan.left && plan.reports.empty();
  if (plan.left) settled->next = plan.left->next_attempt();
  if (auto done = co_await replace_parcel(id, number, **parcel, std::move(plan.left)); !done) co_return done;
  for (auto& report : plan.reports) {
    const auto its_number = report_number(number, (*parcel)->attempts(), report.kind());
    report.set_guid(report_guid(id, its_number));
    settled->next = now_;
    if (auto done = co_await replace_report(id, its_number, std::nullopt, std::move(report)); !done)
      co_return done;
  }
  settled->dropped = std::move(plan.dropped);
  if (is_over) co_return co_await finish(id);
  co_return co_await finish_if_done(id);
}

/// `first` is the number of one of the recipients: it names the report among those of the entry.
Task<Result<void>> QueueChange::owe_delivered(QueueEntryId id, std::uint32_t first,
                                              std::vector<queue::Recipient> recipients) {
  const auto entry = co_await load<queue::Entry>(keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  if (!*entry) co_return Result<void>{};
  auto report = report_delivered((*entry)->message(), recipients, now_);
  if (!report) co_return Result<void>{};
  const auto number = report_number(parcel_of_who_is_here, first, report->kind());
  report->set_guid(report_guid(id, number));
  co_return co_await replace_report(id, number, std::nullopt, std::move(report));
}

Task<Result<void>> QueueChange::report_told(QueueEntryId id, std::uint32_t number) {
  auto report = co_await load<queue::Report>(keys_.report(id, number));
  if (!report) co_return tl::unexpected(report.error());
  if (!*report) co_return Result<void>{};
  if (auto gone = co_await replace_report(id, number, std::move(*report), std::nullopt); !gone)
    co_return gone;
  co_return co_await finish_if_done(id);
}

Task<Result<void>> QueueChange::report_later(QueueEntryId id, std::uint32_t number, RetryRules rules,
                                             double chance) {
  auto report = co_await load<queue::Report>(keys_.report(id, number));
  if (!report) co_return tl::unexpected(report.error());
  if (!*report) co_return Result<void>{};
  auto later = **report;
  later.set_attempts(later.attempts() + 1);
  later.set_next_attempt(now_ + to_micros(retry_pause(rules, later.attempts(), chance)));
  co_return co_await replace_report(id, number, std::move(*report), std::move(later));
}

Task<Result<void>> QueueChange::retry_now(QueueEntryId id) {
  if (auto there = co_await check_there(id); !there) co_return there;
  const auto parcels = co_await load_all<queue::Parcel>(keys_.parcels_of(id));
  if (!parcels) co_return tl::unexpected(parcels.error());
  for (const auto& [number, parcel] : *parcels) {
    auto due = parcel;
    due.set_next_attempt(now_);
    due.set_asked(true);
    if (auto done = co_await replace_parcel(id, number, parcel, std::move(due)); !done) co_return done;
  }
  auto reports = co_await load_all<queue::Report>(keys_.reports_of(id));
  if (!reports) co_return tl::unexpected(reports.error());
  for (auto& [number, report] : *reports) {
    auto due = report;
    due.set_next_attempt(now_);
    if (auto done = co_await replace_report(id, number, report, std::move(due)); !done) co_return done;
  }
  co_return Result<void>{};
}

Task<Result<void>> QueueChange::hold(QueueEntryId id, bool held) {
  auto entry = co_await load<queue::Entry>(keys_.entry(id));
  if (!entry) co_return tl::unexpected(entry.error());
  if (!*entry) co_return not_there(id);
  if ((*entry)->held() != held) {
    (*entry)->set_held(held);
    if (auto done = co_await put(keys_.entry(id), (*entry)->SerializeAsString()); !done) co_return done;
  }
  const auto parcels = co_await load_all<queue::Parcel>(keys_.parcels_of(id));
  if (!parcels) co_return tl::unexpected(parcels.error());
  for (const auto& [number, parcel] : *parcels) {
    if (parcel.held() == held) continue;
    auto changed = parcel;
    changed.set_held(held);
    if (!held) {
      changed.set_next_attempt(now_);
      changed.set_asked(true);
    }
    if (auto done = co_await replace_parcel(id, number, parcel, std::move(changed)); !done) co_return done;
  }
  co_return Result<void>{};
}

Task<Result<void>> QueueChange::remove_outgoing(QueueEntryId id) {
  const auto parcels = co_await load_all<queue::Parcel>(keys_.parcels_of(id));
  if (!parcels) co_return tl::unexpected(parcels.error());
  for (const auto& [number, parcel] : *parcels) {
    if (auto gone = co_await replace_parcel(id, number, parcel, std::nullopt); !gone) co_return gone;
  }
  auto reports = co_await load_all<queue::Report>(keys_.reports_of(id));
  if (!reports) co_return tl::unexpected(reports.error());
  for (const auto& [number, report] : *reports) {
    if (auto gone = co_await replace_report(id, number, report, std::nullopt); !gone) co_return gone;
  }
  co_return Result<void>{};
}

}  // namespace gridmail
