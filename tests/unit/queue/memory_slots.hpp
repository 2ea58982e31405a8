// All slots of a grid in one memory, behind SlotClient and SlotAccess: they go down, come back in a new
// epoch, lose answers, and break in the middle of a commit.
#pragma once
#include <algorithm>
#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>

#include "node/runtime/timer.hpp"
#include "storage/replication/slot_access.hpp"
#include "tests/support/memory_store.hpp"

namespace gridmail::test {

class MemorySlots final : public SlotClient {
 public:
  struct Faults {
    double commit_breaks = 0;  ///< the outcome stays unknown, and the slot opens anew
    double answer_lost = 0;    ///< the request is sent again
    TimePoint lapsed_until;    ///< no primary has its leases before that
    bool no_space = false;     ///< for bodies
  };
  Faults faults;

  MemorySlots(asio::io_context& context, VirtualClock& clock, Random& random, std::vector<NodeId> nodes)
      : context_(context), clock_(clock), random_(random), store_(clock, random) {
    auto map = std::make_shared<Map>();
    map->version = 1;
    map->rows.resize(slot_count + 1);
    std::sort(nodes.begin(), nodes.end());
    for (const auto& id : nodes) {
      Member member;
      member.id = id;
      map->members.push_back(std::move(member));
    }
    map_ = std::move(map);
  }
  static constexpr std::uint32_t slot_count = 16;

  void serve(ServiceId id, SlotService& service) { services_[id] = &service; }
  void open_all() {
    for (SlotId slot = 0; slot <= slot_count; ++slot) open(slot);
  }
  /// Stops all services' use of the slots: nothing is opened any more.
  void close_all() {
    for (SlotId slot = 0; slot <= slot_count; ++slot) close(slot);
  }
  void open(SlotId slot) {
    close(slot);
    const auto access = std::make_shared<Access>(*this, slot, ++epoch_);
    open_[slot] = access;
    for (const auto& [id, service] : services_) {
      asio::post(context_, [service = service, access] { service->opened(access); });
    }
  }
  void close(SlotId slot) {
    const auto found = open_.find(slot);
    if (found == open_.end()) return;
    found->second->current = false;
    open_.erase(found);
    for (const auto& [id, service] : services_) {
      asio::post(context_, [service = service, slot] { service->closed(slot); });
    }
  }
  [[nodiscard]] bool is_open(SlotId slot) const { return open_.contains(slot); }
  void set_copies_min(std::uint32_t copies_min) {
    auto map = std::make_shared<Map>(*map_);
    map->settings.copies_min = copies_min;
    map_ = std::move(map);
  }
  /// Requests to these then take so long that their callers give up, though the slots live.
  void set_slow(std::set<SlotId> slots) { slow_ = std::move(slots); }
  [[nodiscard]] MemoryStore& store() { return store_; }
  [[nodiscard]] std::size_t calls() const { return calls_; }
  [[nodiscard]] std::size_t commits() const { return commits_; }

  using SlotClient::call;
  [[nodiscard]] Task<Result<Bytes>> call(SlotId slot, ServiceId service, Bytes request,
                                         Options options) override {
    const auto deadline = clock_.now() + options.wait_max;
    for (;;) {
      ++calls_;
      co_await sleep_for(clock_, std::chrono::milliseconds(1));
      const auto found = open_.find(slot);
      if (found == open_.end() && options.only_if_alive) co_return fail(Errc::unavailable, "no sign of life");
      if (found != open_.end() && !slow_.contains(slot)) {
        const std::shared_ptr<Access> access = found->second;
        auto answer = co_await services_.at(service)->handle(access, NodeId{}, request);
        const bool unknown =
            !answer && (answer.error().code == Errc::not_primary || answer.error().code == Errc::unavailable);
        if (!unknown && !random_.chance(faults.answer_lost)) co_return answer;
      }
      if (clock_.now() >= deadline) co_return fail(Errc::unavailable, "no answer in time");
      co_await sleep_for(clock_, std::chrono::milliseconds(50));
    }
  }
  [[nodiscard]] SlotId slot_for(BytesView key) const override { return slot_of(key, slot_count); }
  [[nodiscard]] MapPtr map() const override { return map_; }

 private:
  class Access final : public SlotAccess {
   public:
    Access(MemorySlots& owner, SlotId slot, Epoch epoch) : owner_(owner), slot_(slot), epoch_(epoch) {}
    [[nodiscard]] SlotId slot() const override { return slot_; }
    [[nodiscard]] Epoch epoch() const override { return epoch_; }
    [[nodiscard]] asio::any_io_executor executor() const override { return owner_.context_.get_executor(); }
    [[nodiscard]] Result<void> may_answer() const override {
      if (!current) return fail(Errc::not_primary);
      if (owner_.clock_.now() < owner_.faults.lapsed_until) return fail(Errc::unavailable, "no lease");
      return {};
    }
    [[nodiscard]] bool was_written() const override { return true; }
    [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const override {
      return owner_.store_.snapshot();
    }
    [[nodiscard]] Task<Result<void>> commit(Operation operation) override {
      if (!current) co_return fail(Errc::not_primary);
      const bool has_body =
          std::any_of(operation.writes.begin(), operation.writes.end(),
                      [](const auto& write) { return write.family == Family::body && write.value; });
      if (has_body && owner_.faults.no_space) co_return fail(Errc::no_space);
      ++owner_.commits_;
      const bool breaks = owner_.random_.chance(owner_.faults.commit_breaks);
      if (breaks && owner_.random_.chance(0.5)) {  // before anything is written
        owner_.open(slot_);
        co_return fail(Errc::not_primary);
      }
      Batch batch;
      for (auto& write : operation.writes) {
        if (write.value) {
          batch.put(write.family, write.key, *write.value);
        } else {
          batch.remove(write.family, write.key);
        }
      }
      const auto done = co_await owner_.store_.commit(std::move(batch));
      if (breaks && current) owner_.open(slot_);
      if (!current) co_return fail(Errc::not_primary);  // written, but who asked will not know
      co_return done;
    }
    bool current = true;

   private:
    MemorySlots& owner_;
    SlotId slot_;
    Epoch epoch_;
  };

  asio::io_context& context_;
  VirtualClock& clock_;
  Random& random_;
  MemoryStore store_;
  MapPtr map_;
  std::map<ServiceId, SlotService*> services_;
  std::map<SlotId, std::shared_ptr<Access>> open_;
  Epoch epoch_ = 0;
  std::set<SlotId> slow_;
  std::size_t calls_ = 0;
  std::size_t commits_ = 0;
};

}  // namespace gridmail::test
