// What GridControlBinding says instead of doing it, and the one way to what it does to the map and the log.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "node/grid_control_binding.hpp"

namespace gridmail {
namespace {

constexpr std::uint32_t rows_at_once = 1000;
/// Counting is over well before who asks gives up.
constexpr Duration counting_max = std::chrono::seconds(20);

/// Whether the action would make a difference to it.
bool is_for(api::QueueAction action, const api::QueueRow& row) {
  if (action == api::QueueAction::hold) return !row.is_intake && !row.held;
  if (action == api::QueueAction::release) return !row.is_intake && row.held;
  return true;
}

std::string description(const api::QueueRow& row) {
  return fmt::format("{} bytes from <{}> to {}", row.bytes, row.sender, fmt::join(row.recipients, ", "));
}

std::string state_of(const api::QueueRow& row) {
  return row.held ? "held" : fmt::format("attempts={}", row.attempts);
}

/// Where a page begins that has this id first. Nothing: at the beginning.
std::string cursor_before(QueueEntryId id) {
  for (auto byte = id.value.rbegin(); byte != id.value.rend(); ++byte) {
    if ((*byte)-- != 0) return id.hex();
  }
  return {};
}

}  // namespace

Task<Result<MapPtr>> GridControlBinding::propose(MapChange change) {
  if (!trial_) co_return co_await parts_.core.map_register().propose(std::move(change));
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  const auto after = std::make_shared<const Map>(apply(*map, change));
  for (auto& sentence : text_of(changes_between(*map, *after, disks())))
    trial_->effects.push_back(std::move(sentence));
  co_return after;
}

Task<void> GridControlBinding::note(AuditNote note) {
  if (!trial_) co_return co_await write_note(as_, parts_.core, parts_.clock, std::move(note));
  trial_->changes.push_back(
      {std::move(note.verb), std::move(note.object), std::move(note.before), std::move(note.after)});
}

Task<void> GridControlBinding::tell_user_removal(std::string address) {
  const auto details = co_await user(std::move(address));
  if (!details) co_return;  // it was there a moment ago: nobody can say how much it had
  trial_->effects.push_back(
      details->usage_known
          ? fmt::format("{} messages, {} bytes, are deleted after 14 days", details->messages, details->bytes)
          : "the mail is deleted after 14 days; how much it is cannot be told now");
  if (!details->aliases.empty())
    trial_->effects.push_back(fmt::format("aliases go at once: {}", fmt::join(details->aliases, ", ")));
}

Task<Result<void>> GridControlBinding::try_on_queued(std::string id, api::QueueAction action) {
  const auto entry = QueueEntryId::from_hex(id);
  if (!entry) co_return fail(Errc::not_found, "no message " + id + " waits");
  api::QueueQuery query{{}, {cursor_before(*entry), 1}};
  auto found = co_await queue(std::move(query));
  if (!found) co_return tl::unexpected(found.error());
  const bool is_for_intake = action == api::QueueAction::retry || action == api::QueueAction::remove;
  if (is_for_intake) {
    api::QueueChoice any;
    auto waiting = co_await intake_rows(std::move(any));
    found->insert(found->end(), waiting.begin(), waiting.end());
  }
  const auto row = std::find_if(found->begin(), found->end(), [&](const auto& each) {
    return each.id == id && (is_for_intake || !each.is_intake);
  });
  if (row == found->end()) co_return fail(Errc::not_found, "no message " + id + " waits");
  trial_->changes.push_back({verb_of(action), id, state_of(*row), {}});
  trial_->effects.push_back(description(*row));
  co_return Result<void>{};
}

Task<Result<void>> GridControlBinding::try_on_queue(api::QueueAction action, api::QueueChoice choice) {
  const auto deadline = parts_.clock.now() + counting_max;
  std::uint64_t messages = 0, bytes = 0;
  std::string after;
  bool more = true;
  while (more && parts_.clock.now() < deadline) {
    api::QueueQuery query{choice, {after, rows_at_once}};
    const auto rows = co_await queue(std::move(query));
    if (!rows) co_return tl::unexpected(rows.error());
    for (const auto& row : *rows) {
      if (!is_for(action, row)) continue;
      ++messages;
      bytes += row.bytes;
    }
    more = rows->size() == rows_at_once;
    if (more) after = cursor_of(rows->back());
  }
  trial_->changes.push_back({verb_of(action), description(choice), {}, {}});
  trial_->effects.push_back(fmt::format("{} messages{}, {} bytes", messages, more ? " or more" : "", bytes));
  co_return Result<void>{};
}

}  // namespace gridmail
