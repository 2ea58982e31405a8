// The part of GridControlBinding about messages that wait.
#include <algorithm>

#include "node/grid_control_binding.hpp"
#include "node/runtime/parallel.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::string_view intake_cursor = "intake-";
constexpr std::size_t slots_at_once = 128;
constexpr Duration slot_answers_max = std::chrono::seconds(2);
/// A call is over well before who asks gives up.
constexpr Duration acting_max = std::chrono::seconds(10);

SlotClient::Options queue_options() {
  SlotClient::Options options;
  options.wait_max = slot_answers_max;
  return options;
}

/// Destinations are stored as A-labels, or as address literals.
Result<void> normalize(api::QueueChoice& choice) {
  if (choice.destination.empty() || choice.destination.starts_with('[')) return {};
  auto domain = text::to_ascii_domain(choice.destination);
  if (!domain) return fail(Errc::invalid, choice.destination + " is not a domain");
  choice.destination = std::move(*domain);
  return {};
}

queue::Choice choice_of(const api::QueueChoice& choice) {
  queue::Choice record;
  record.set_destination(choice.destination);
  record.set_sender(choice.sender);
  return record;
}

/// Listing some slots.
struct QueueLook {
  QueueLook(QueueClient& client, SlotId begin, std::size_t slots, std::size_t most)
      : queue(client), first(begin), limit(most), entries(slots) {}
  QueueClient& queue;
  SlotId first;
  std::size_t limit;
  api::QueueChoice choice;
  Bytes after;  ///< in the first of them
  std::vector<std::vector<queue::Summary>> entries;
  std::optional<Error> failed;
};

Task<void> look_at_slot(std::shared_ptr<QueueLook> look, std::size_t index) {
  queue::List what;
  *what.mutable_choice() = choice_of(look->choice);
  if (index == 0) what.set_after(look->after);
  auto& entries = look->entries[index];
  do {
    what.set_limit(static_cast<std::uint32_t>(look->limit - entries.size()));
    const auto slot = look->first + static_cast<SlotId>(index);
    auto page = co_await look->queue.list(slot, what, queue_options());
    if (!page) {
      look->failed = page.error();
      co_return;
    }
    for (auto& entry : *page->mutable_entries()) entries.push_back(std::move(entry));
    what.set_after(page->last());
  } while (!what.after().empty() && entries.size() < look->limit);
}

/// Acting on some slots.
struct QueueSweep {
  QueueSweep(QueueClient& client, SlotId begin, queue::Act act)
      : queue(client), first(begin), what(std::move(act)) {}
  QueueClient& queue;
  SlotId first;
  queue::Act what;
  std::uint64_t entries = 0;
  std::optional<Error> failed;
};

Task<void> sweep_slot(std::shared_ptr<QueueSweep> sweep, std::size_t index) {
  auto what = sweep->what;
  do {
    const auto slot = sweep->first + static_cast<SlotId>(index);
    const auto acted = co_await sweep->queue.act(slot, what, queue_options());
    if (!acted) {
      sweep->failed = acted.error();
      co_return;
    }
    sweep->entries += acted->entries();
    what.set_after(acted->last());
  } while (!what.after().empty());
}

api::QueueRow row_of(const queue::Summary& summary) {
  api::QueueRow row;
  row.id = to_hex(summary.entry());
  row.sender = summary.sender();
  row.recipients.assign(summary.waiting().begin(), summary.waiting().end());
  row.bytes = summary.body_size();
  row.accepted = summary.accepted();
  row.next_attempt = summary.next_attempt();
  row.attempts = summary.attempts();
  row.last_error = summary.last_error();
  row.held = summary.held();
  return row;
}

bool is_chosen(const api::QueueRow& row, const api::QueueChoice& choice) {
  const auto is_there = [&](const std::string& address) {
    return text::equal_ignoring_case(address.substr(address.rfind('@') + 1), choice.destination);
  };
  const std::string sender = row.sender.empty() ? "<>" : row.sender;
  if (!choice.sender.empty() && !text::equal_ignoring_case(sender, choice.sender)) return false;
  return choice.destination.empty() || std::any_of(row.recipients.begin(), row.recipients.end(), is_there);
}

tl::unexpected<Error> not_waiting(const std::string& id) {
  return fail(Errc::not_found, "no message " + id + " waits");
}

}  // namespace

std::string verb_of(api::QueueAction action) {
  constexpr std::string_view verbs[] = {"queue retry", "queue hold", "queue release", "queue remove"};
  return std::string(verbs[static_cast<std::size_t>(action)]);
}

std::string description(const api::QueueChoice& choice) {
  std::string text;
  if (!choice.destination.empty()) text += "destination=" + choice.destination;
  if (!choice.sender.empty()) text += (text.empty() ? "sender=" : " sender=") + choice.sender;
  return text.empty() ? "all" : text;
}

Task<std::vector<api::QueueRow>> GridControlBinding::intake_rows(api::QueueChoice choice) {
  std::vector<api::QueueRow> rows;
  const auto records = co_await parts_.mail.intake().list();
  for (const auto& record : records) {
    auto row = row_of(record);
    row.is_intake = true;
    if (is_chosen(row, choice)) rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  co_return rows;
}

/// Every slot is asked, since an entry lies in the slot of its own id, and every node's intake.
Task<Result<std::vector<api::QueueRow>>> GridControlBinding::queue(api::QueueQuery query) {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  if (auto normal = normalize(query.choice); !normal) co_return tl::unexpected(normal.error());
  std::vector<api::QueueRow> rows;
  SlotId slot = 0;
  Bytes after;
  const auto limit = query.page.limit;
  if (query.page.after.empty() || query.page.after.starts_with(intake_cursor)) {
    rows = co_await intake_rows(query.choice);
    std::erase_if(rows, [&](const auto& row) { return cursor_of(row) <= query.page.after; });
  } else {
    const auto id = QueueEntryId::from_hex(query.page.after);
    if (!id) co_return fail(Errc::invalid, query.page.after + " is not the id of a message");
    slot = parts_.mail.queue().slot_of(*id);
    after = id->bytes();
  }
  while (rows.size() < limit && slot < map->slots()) {
    const auto count = std::min<std::size_t>(slots_at_once, map->slots() - slot);
    const auto look = std::make_shared<QueueLook>(parts_.mail.queue(), slot, count, limit - rows.size());
    look->choice = query.choice;
    look->after = std::exchange(after, {});
    auto step = [look](std::size_t index) { return look_at_slot(look, index); };
    co_await run_parallel(parts_.core.tasks(), "list queue", count, slots_at_once, std::move(step));
    if (look->failed) co_return tl::unexpected(*look->failed);
    for (const auto& entries : look->entries) {
      for (const auto& entry : entries) rows.push_back(row_of(entry));
    }
    slot += static_cast<SlotId>(count);
  }
  if (rows.size() > limit) rows.resize(limit);
  co_return rows;
}

/// An id is a queue entry's, or an intake record's.
Task<Result<void>> GridControlBinding::act_on_queued(std::string id, api::QueueAction action) {
  if (trial_) co_return co_await try_on_queued(std::move(id), action);
  auto done = co_await act_on_entry(id, action);
  if (!done) co_return done;
  AuditNote entry{verb_of(action), id};
  co_await note(std::move(entry));
  co_return done;
}

Task<Result<void>> GridControlBinding::act_on_entry(std::string id, api::QueueAction action) {
  using Action = api::QueueAction;
  const auto entry = QueueEntryId::from_hex(id);
  if (!entry) co_return not_waiting(id);
  auto& queue = parts_.mail.queue();
  auto& intake = parts_.mail.intake();
  Result<void> done;
  if (action == Action::hold || action == Action::release) {
    done = co_await queue.hold(*entry, action == Action::hold, queue_options());
  } else if (action == Action::retry) {
    done = co_await queue.retry(*entry, queue_options());
    if (!done && done.error().code == Errc::not_found) done = co_await intake.retry(*IntakeId::from_hex(id));
  } else {
    done = co_await queue.remove(*entry, queue_options());
    if (!done && done.error().code == Errc::not_found) done = co_await intake.remove(*IntakeId::from_hex(id));
  }
  if (!done && done.error().code == Errc::not_found) co_return not_waiting(id);
  co_return done;
}

Task<Result<api::QueueActed>> GridControlBinding::act_on_queue(api::QueueAction action,
                                                               api::QueueChoice choice, SlotId from_slot) {
  constexpr queue::Act::What kinds[] = {queue::Act::RETRY, queue::Act::HOLD, queue::Act::RELEASE,
                                        queue::Act::REMOVE};
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  if (auto normal = normalize(choice); !normal) co_return tl::unexpected(normal.error());
  api::QueueActed acted;
  if (trial_) {
    if (auto tried = co_await try_on_queue(action, std::move(choice)); !tried)
      co_return tl::unexpected(tried.error());
    co_return acted;
  }
  const bool is_for_intake = action == api::QueueAction::retry || action == api::QueueAction::remove;
  if (from_slot == 0 && is_for_intake) {
    const auto rows = co_await intake_rows(choice);
    for (const auto& row : rows) {
      const auto done = co_await act_on_entry(row.id, action);
      if (done) ++acted.entries;  // else it went meanwhile
    }
  }
  queue::Act what;
  what.set_what(kinds[static_cast<std::size_t>(action)]);
  *what.mutable_choice() = choice_of(choice);
  const auto deadline = parts_.clock.now() + acting_max;
  std::optional<Error> failed;
  while (from_slot < map->slots()) {
    const auto count = std::min<std::size_t>(slots_at_once, map->slots() - from_slot);
    const auto sweep = std::make_shared<QueueSweep>(parts_.mail.queue(), from_slot, what);
    auto step = [sweep](std::size_t index) { return sweep_slot(sweep, index); };
    co_await run_parallel(parts_.core.tasks(), "act on queue", count, slots_at_once, std::move(step));
    acted.entries += sweep->entries;
    failed = sweep->failed;
    if (failed) break;
    from_slot += static_cast<SlotId>(count);
    if (parts_.clock.now() < deadline || from_slot >= map->slots()) continue;
    acted.next_slot = from_slot;
    break;
  }
  if (acted.entries > 0) {
    AuditNote entry{verb_of(action), description(choice), {}, std::to_string(acted.entries) + " messages"};
    co_await note(std::move(entry));
  }
  if (failed) co_return tl::unexpected(*failed);
  co_return acted;
}

Task<Result<api::TraceAnswer>> GridControlBinding::trace(std::string what) {
  static constexpr std::string_view names[] = {"received", "delivered", "queued",  "taken_in", "turned_away",
                                               "sent",     "deferred",  "refused", "told",     "removed"};
  auto found = co_await parts_.mail.trace().find(std::move(what));
  api::TraceAnswer answer;
  answer.silent = std::move(found.silent);
  for (const auto& event : found.events) {
    auto& row = answer.events.emplace_back();
    row.at = event.at();
    row.node = NodeId::from_bytes(event.node()).value_or(NodeId{});
    row.what = trace::Event::What_IsValid(event.what()) ? names[event.what()] : "unknown";
    row.id = event.id();
    row.connection = event.connection();
    row.entry = event.entry();
    row.message_id = event.message_id();
    row.sender = event.sender();
    row.recipients.assign(event.recipients().begin(), event.recipients().end());
    row.host = event.host();
    row.detail = event.detail();
  }
  co_return answer;
}

}  // namespace gridmail
