// What services see of a slot at its opened primary.
#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

class Access final : public SlotAccess {
 public:
  Access(std::weak_ptr<Slot> slot, SlotId id, Epoch epoch, asio::any_io_executor executor, Store& store)
      : slot_(std::move(slot)), id_(id), epoch_(epoch), executor_(std::move(executor)), store_(store) {}

  [[nodiscard]] SlotId slot() const override { return id_; }
  [[nodiscard]] Epoch epoch() const override { return epoch_; }
  [[nodiscard]] asio::any_io_executor executor() const override { return executor_; }
  [[nodiscard]] Result<void> may_answer() const override {
    const auto slot = slot_.lock();
    return slot ? slot->may_answer(epoch_) : fail(Errc::not_primary);
  }
  [[nodiscard]] bool was_written() const override {
    const auto slot = slot_.lock();
    return !slot || slot->copy().position() != Position{};
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const override { return store_.snapshot(); }

  [[nodiscard]] Task<Result<void>> commit(Operation operation) override {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
        [weak = slot_, epoch = epoch_, executor = executor_](auto handler, Operation writes) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          auto done = [shared, executor](Result<void> result) {
            asio::post(executor,
                       [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
          };
          const auto slot = weak.lock();
          if (!slot) return done(fail(Errc::not_primary));
          slot->submit(epoch, std::move(writes), std::move(done));
        },
        asio::use_awaitable, std::move(operation));
  }

 private:
  const std::weak_ptr<Slot> slot_;
  const SlotId id_;
  const Epoch epoch_;
  const asio::any_io_executor executor_;
  Store& store_;
};

}  // namespace

SlotAccessPtr Slot::access() const {
  return held_back_ ? nullptr : access_;
}

Result<void> Slot::may_answer(Epoch epoch) const {
  if (!access_ || row_.epoch != epoch || handing_over_) return fail(Errc::not_primary);
  if (context_.settings.sabotage.no_read_lease) return {};
  const auto others = row_.others();
  if (context_.settings.sabotage.endless_lent && !others.empty() && lent_.size() == others.size()) return {};
  const bool leased = others.empty()
                          ? context_.leases.held_from_voters(*map_, row_.epoch_since)
                          : context_.leases.held_from(others, row_.epoch_since, map_->version, lent_);
  if (!leased) return fail(Errc::unavailable, "no lease");
  return {};
}

/// The directory's service is told of the directory's slot only, the others of all.
bool Slot::concerns(ServiceId service) const {
  return service != ServiceId::directory || (map_ && id_ == map_->directory_slot());
}

/// Services build on committed state only, so they come after the operations carried over from the last
/// epoch.
void Slot::begin_service() {
  if (!opened_ || serving_ || !pending_.empty()) return;
  if (!access_)
    access_ = std::make_shared<Access>(weak_from_this(), id_, row_.epoch, executor_, context_.store);
  if (held_back_) return;
  serving_ = true;
  for (const auto& [id, service] : context_.services) {
    if (concerns(id)) service->opened(access_);
  }
}

}  // namespace gridmail
