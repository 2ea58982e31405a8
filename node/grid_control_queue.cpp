// The part of GridControlBinding about messages that wait.
#include <algorithm>

#include "node/grid_control_binding.hpp"
#include "node/runtime/parallel.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

constexpr std::size_t looks_at_once = 128;
constexpr Duration look_max = std::chrono::seconds(2);

struct QueueLook {
  QueueLook(QueueClient& client, std::size_t slots) : queue(client), pages(slots) {}
  QueueClient& queue;
  std::vector<std::optional<Result<queue::Listing>>> pages;
};

SlotClient::Options queue_options() {
  SlotClient::Options options;
  options.wait_max = look_max;
  return options;
}

Task<void> look_at_slot(std::shared_ptr<QueueLook> look, std::size_t slot) {
  auto page = co_await look->queue.list(static_cast<SlotId>(slot), queue_options());
  look->pages[slot] = std::move(page);
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
  if (!choice.sender.empty() && !text::equal_ignoring_case(row.sender, choice.sender)) return false;
  return choice.destination.empty() || std::any_of(row.recipients.begin(), row.recipients.end(), is_there);
}

tl::unexpected<Error> not_waiting(const std::string& id) {
  return fail(Errc::not_found, "no message " + id + " waits");
}

}  // namespace

/// Every slot is asked, since an entry lies in the slot of its own id, and every node's intake.
Task<Result<std::vector<api::QueueRow>>> GridControlBinding::queue() {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  const auto look = std::make_shared<QueueLook>(parts_.mail.queue(), map->slots());
  auto step = [look](std::size_t slot) { return look_at_slot(look, slot); };
  co_await run_parallel(parts_.core.tasks(), "list queue", map->slots(), looks_at_once, std::move(step));
  std::vector<api::QueueRow> rows;
  for (const auto& page : look->pages) {
    if (!*page) co_return tl::unexpected(page->error());
    for (const auto& entry : (*page)->entries()) rows.push_back(row_of(entry));
  }
  const auto records = co_await parts_.mail.intake().list();
  for (const auto& record : records) rows.push_back(row_of(record));
  co_return rows;
}

/// An id is a queue entry's, or an intake record's.
Task<Result<void>> GridControlBinding::retry_queued(std::string id) {
  const auto entry = QueueEntryId::from_hex(id);
  if (!entry) co_return not_waiting(id);
  auto done = co_await parts_.mail.queue().retry(*entry, queue_options());
  if (!done && done.error().code == Errc::not_found)
    done = co_await parts_.mail.intake().retry(*IntakeId::from_hex(id));
  if (!done && done.error().code == Errc::not_found) co_return not_waiting(id);
  co_return done;
}

Task<Result<void>> GridControlBinding::remove_queued(std::string id) {
  const auto entry = QueueEntryId::from_hex(id);
  if (!entry) co_return not_waiting(id);
  auto done = co_await parts_.mail.queue().remove(*entry, queue_options());
  if (done) {
    trace::Event event;
    event.set_what(trace::Event::REMOVED);
    event.set_entry(entry->hex());
    parts_.mail.trace().sink().note(std::move(event));
  }
  if (!done && done.error().code == Errc::not_found)
    done = co_await parts_.mail.intake().remove(*IntakeId::from_hex(id));
  if (!done && done.error().code == Errc::not_found) co_return not_waiting(id);
  co_return done;
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
    row.entry = event.entry();
    row.message_id = event.message_id();
    row.sender = event.sender();
    row.recipients.assign(event.recipients().begin(), event.recipients().end());
    row.host = event.host();
    row.detail = event.detail();
  }
  co_return answer;
}

Task<Result<void>> GridControlBinding::hold_queued(std::string id, bool held) {
  const auto entry = QueueEntryId::from_hex(id);
  if (!entry) co_return not_waiting(id);
  const auto done = co_await parts_.mail.queue().hold(*entry, held, queue_options());
  if (!done && done.error().code == Errc::not_found) co_return not_waiting(id);
  co_return done;
}

Task<Result<std::uint64_t>> GridControlBinding::flush_queue(api::QueueChoice choice) {
  const auto rows = co_await queue();
  if (!rows) co_return tl::unexpected(rows.error());
  std::uint64_t tried = 0;
  for (const auto& row : *rows) {
    if (!is_chosen(row, choice)) continue;
    const auto done = co_await retry_queued(row.id);
    if (done) ++tried;  // what went meanwhile needs no retry
    if (!done && done.error().code != Errc::not_found) co_return tl::unexpected(done.error());
  }
  co_return tried;
}

}  // namespace gridmail
