#include "storage/directory/directory_service.hpp"

#include "node/base/log.hpp"
#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

/// An operation of so many writes keeps the others on the slot's strand waiting for no more than
/// milliseconds.
constexpr std::size_t changes_together_max = 64;
constexpr std::size_t together_bytes_max = operation_bytes_max / 2;
/// More than what one operation brings, so that the list shrinks; few, so that no change pays for the others.
constexpr std::size_t guids_forgotten_at_once = 2 * changes_together_max;

}  // namespace

DirectoryService::DirectoryService(Clock& clock, Random& random, AppliedEverywhere applied_everywhere)
    : clock_(clock), random_(random), applied_everywhere_(std::move(applied_everywhere)) {}

Task<Result<Bytes>> DirectoryService::handle(SlotAccessPtr slot, NodeId from, Bytes request) {
  (void)from;
  auto change = decode_record<directory::Change>(request);
  if (!change) co_return fail(Errc::invalid, "not a change of the directory");
  if (change->has_try_change()) co_return co_await try_out(slot, change->try_change());
  const auto guid = Guid::from_bytes(change->guid());
  if (!guid) co_return fail(Errc::invalid, "a change without a GUID");
  const auto asked = std::make_shared<Asked>();
  asked->change = std::move(*change);
  asked->guid = *guid;
  if (const auto done = co_await apply(slot, asked); !done) co_return tl::unexpected(done.error());
  directory::ChangeAnswer answer;
  if (applied_everywhere_) {
    const auto lagging = co_await applied_everywhere_(slot, clock_.now() + applied_everywhere_max);
    for (const auto& node : lagging) answer.add_lagging(node.bytes());
  }
  co_return answer.SerializeAsString();
}

Task<Result<Bytes>> DirectoryService::try_out(SlotAccessPtr slot, const directory::TryChange& wish) {
  const auto change = decode_record<directory::Change>(wish.change());
  if (!change) co_return fail(Errc::invalid, "not a change of the directory");
  OperationBuilder builder(slot->snapshot());
  ChangeWriter writer(builder, slot->slot(), clock_.wall());
  const auto written = co_await writer.write(*change);
  if (const auto may = slot->may_answer(); !may) co_return tl::unexpected(may.error());
  if (!written) co_return tl::unexpected(written.error());
  directory::ChangeAnswer answer;
  if (writer.audited()) *answer.mutable_would_write() = *writer.audited();
  co_return answer.SerializeAsString();
}

/// Whoever is first makes what has come meanwhile; the others find theirs made. One whose asker has gone is
/// made all the same: it may have been committed, too.
Task<Result<void>> DirectoryService::apply(SlotAccessPtr slot, AskedPtr asked) {
  const auto changing = changing_in(slot);
  changing->asked.push_back(asked);
  const auto lock = co_await changing->mutex.lock();
  while (!asked->outcome) {
    auto made = co_await make_together(slot, *changing);
    if (!made) asked->outcome = std::move(made);
  }
  std::erase(changing->asked, asked);
  co_return *asked->outcome;
}

/// What has been taken off the queue.
struct DirectoryService::Together {
  ~Together() {  // cancelled in the middle: nobody knows
    settle(made, fail(Errc::unavailable, "the directory's slot is closing"));
    for (const auto& [each, error] : refused) settle({each}, fail(Errc::unavailable, error.text));
  }
  static void settle(const std::vector<AskedPtr>& asked, Result<void> outcome) {
    for (const auto& each : asked) {
      if (!each->outcome) each->outcome = outcome;
    }
  }
  [[nodiscard]] bool empty() const { return made.empty() && refused.empty(); }
  [[nodiscard]] std::size_t size() const { return made.size() + refused.size(); }
  std::vector<AskedPtr> made;
  std::vector<std::pair<AskedPtr, Error>> refused;
};

Task<void> DirectoryService::take_in(OperationBuilder& builder, SlotId slot, Changing& changing,
                                     AgeMicros age, Together& together) {
  while (!changing.asked.empty() && together.size() < changes_together_max) {
    const auto next = changing.asked.front();
    OperationBuilder with_next = builder;
    const auto written = co_await write(with_next, slot, *next, age);
    if (!together.empty() && with_next.bytes() > together_bytes_max) co_return;
    changing.asked.pop_front();
    if (written) {
      builder = std::move(with_next);
      together.made.push_back(next);
    } else {
      together.refused.emplace_back(next, written.error());
    }
  }
}

Task<Result<void>> DirectoryService::make_together(SlotAccessPtr slot, Changing& changing) {
  Together together;
  const auto snapshot = slot->snapshot();
  OperationBuilder builder(snapshot);
  const auto age = co_await changing.age.now(snapshot);
  if (!age) co_return tl::unexpected(age.error());
  co_await take_in(builder, slot->slot(), changing, *age, together);
  Result<void> done;
  if (!together.made.empty()) done = co_await commit(slot, changing, builder, *age);
  Together::settle(together.made, done);
  // A refusal is an answer from the data read: only who may answer may give it.
  if (done) done = slot->may_answer();
  for (const auto& [each, error] : together.refused)
    Together::settle({each}, done ? Result<void>(tl::unexpected(error)) : done);
  co_return Result<void>{};
}

Task<Result<void>> DirectoryService::write(OperationBuilder& builder, SlotId slot, const Asked& asked,
                                           AgeMicros age) {
  const DirectoryKeys keys(slot);
  const auto applied = co_await builder.get(Family::meta, keys.applied(asked.guid));
  if (!applied) co_return tl::unexpected(applied.error());
  if (*applied) co_return Result<void>{};  // a retry whose first answer was lost
  ChangeWriter writer(builder, slot, clock_.wall());
  if (auto written = co_await writer.write(asked.change); !written) co_return written;
  co_return co_await note_guid(builder, slot, asked.guid, age);
}

Task<Result<void>> DirectoryService::commit(SlotAccessPtr slot, Changing& changing, OperationBuilder& builder,
                                            AgeMicros age) {
  const auto snapshot = slot->snapshot();
  if (auto gone = co_await forget_old_guids(builder, slot->slot(), age); !gone) co_return gone;
  if (auto written = co_await changing.age.write_down(builder, snapshot); !written) co_return written;
  co_return co_await slot->commit(builder.take());
}

Task<Result<void>> DirectoryService::note_guid(OperationBuilder& builder, SlotId slot, Guid guid,
                                               AgeMicros age) {
  const DirectoryKeys keys(slot);
  directory::AppliedChange record;
  record.set_age(age);
  if (auto put = co_await builder.put(Family::meta, keys.applied(guid), record.SerializeAsString()); !put)
    co_return put;
  builder.put_fresh(Family::meta, keys.applied_at(age, guid), {});
  co_return Result<void>{};
}

Task<Result<void>> DirectoryService::forget_old_guids(OperationBuilder& builder, SlotId slot, AgeMicros age) {
  const DirectoryKeys keys(slot);
  auto range = keys.applied_before(age - change_guid_kept);
  const auto old = co_await builder.scan(Family::meta, std::move(range.first), std::move(range.last),
                                         guids_forgotten_at_once);
  if (!old) co_return tl::unexpected(old.error());
  for (const auto& pair : *old) {
    if (auto gone = co_await builder.remove(Family::meta, keys.applied(keys.applied_in(pair.key))); !gone)
      co_return gone;
    if (auto gone = co_await builder.remove(Family::meta, pair.key); !gone) co_return gone;
  }
  co_return Result<void>{};
}

void DirectoryService::opened(SlotAccessPtr slot) {
  const auto executor = slot->executor();
  tasks_.spawn(executor, "first_settings", make_first_settings(std::move(slot)));
}

Task<void> DirectoryService::make_first_settings(SlotAccessPtr slot) {
  const auto changing = changing_in(slot);
  const auto lock = co_await changing->mutex.lock();
  OperationBuilder builder(slot->snapshot());
  ChangeWriter writer(builder, slot->slot(), clock_.wall());
  auto done = co_await writer.write_first_settings(draw_id<UserId>(random_));
  auto operation = builder.take();
  if (done && !operation.empty()) done = co_await slot->commit(std::move(operation));
  if (!done) log(Level::warn, "directory.first_settings_failed", {{"error", done.error().text}});
}

std::shared_ptr<DirectoryService::Changing> DirectoryService::changing_in(SlotAccessPtr slot) {
  const std::lock_guard lock(guard_);
  // A late request of an earlier epoch can commit nothing, and must not part those of the present one.
  if (slot->epoch() < changing_epoch_) return std::make_shared<Changing>(slot->slot(), clock_);
  if (!changing_ || changing_epoch_ != slot->epoch()) {
    changing_ = std::make_shared<Changing>(slot->slot(), clock_);
    changing_epoch_ = slot->epoch();
  }
  return changing_;
}

Task<void> DirectoryService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

}  // namespace gridmail
