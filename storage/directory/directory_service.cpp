#include "storage/directory/directory_service.hpp"

#include "node/base/log.hpp"
#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

/// More than one, so that the list shrinks; few, so that no change pays for the others.
constexpr std::size_t guids_forgotten_per_change = 8;

}  // namespace

DirectoryService::DirectoryService(Clock& clock, Random& random, AppliedEverywhere applied_everywhere)
    : clock_(clock), random_(random), applied_everywhere_(std::move(applied_everywhere)) {}

Task<Result<Bytes>> DirectoryService::handle(SlotAccessPtr slot, NodeId from, Bytes request) {
  (void)from;
  const auto change = decode_record<directory::Change>(request);
  if (!change) co_return fail(Errc::invalid, "not a change of the directory");
  const auto guid = Guid::from_bytes(change->guid());
  if (!guid) co_return fail(Errc::invalid, "a change without a GUID");
  if (const auto done = co_await apply(slot, *change, *guid); !done) co_return tl::unexpected(done.error());
  directory::ChangeAnswer answer;
  if (applied_everywhere_) {
    const auto lagging = co_await applied_everywhere_(slot, clock_.now() + applied_everywhere_max);
    for (const auto& node : lagging) answer.add_lagging(node.bytes());
  }
  co_return answer.SerializeAsString();
}

Task<Result<void>> DirectoryService::apply(SlotAccessPtr slot, const directory::Change& change, Guid guid) {
  const auto changing = changing_in(slot);
  const auto lock = co_await changing->mutex.lock();
  const DirectoryKeys keys(slot->slot());
  const auto snapshot = slot->snapshot();
  OperationBuilder builder(snapshot);
  const auto applied = co_await builder.get(Family::meta, keys.applied(guid));
  if (!applied) co_return tl::unexpected(applied.error());
  if (*applied) co_return Result<void>{};  // a retry whose first answer was lost

  ChangeWriter writer(builder, slot->slot(), clock_.wall());
  if (auto written = co_await writer.write(change); !written) {
    // A refusal is an answer from the data read: only who may answer may give it.
    if (auto may = slot->may_answer(); !may) co_return may;
    co_return written;
  }
  const auto age = co_await changing->age.now(snapshot);
  if (!age) co_return tl::unexpected(age.error());
  if (auto noted = co_await note_guid(builder, slot->slot(), guid, *age); !noted) co_return noted;
  if (auto written = co_await changing->age.write_down(builder, snapshot); !written) co_return written;
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
  co_return co_await forget_old_guids(builder, slot, age);
}

Task<Result<void>> DirectoryService::forget_old_guids(OperationBuilder& builder, SlotId slot, AgeMicros age) {
  const DirectoryKeys keys(slot);
  auto range = keys.applied_before(age - change_guid_kept);
  const auto old = co_await builder.scan(Family::meta, std::move(range.first), std::move(range.last),
                                         guids_forgotten_per_change);
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
