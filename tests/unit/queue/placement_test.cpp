// Where new entries come to lie.
#include "storage/queue/entry_placement.hpp"

#include <doctest/doctest.h>
#include <asio/io_context.hpp>
#include <set>

#include "tests/support/lossy_network.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/queue/memory_remote.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

constexpr SlotId slot_count = 64;

NodeId node(char name) {
  return *NodeId::from_bytes(Bytes(sizeof(NodeId), name));
}

/// A map; nothing can be asked.
class MappedSlots final : public SlotClient {
 public:
  MappedSlots() {
    auto map = std::make_shared<Map>();
    map->rows.resize(slot_count + 1);
    for (SlotId slot = 0; slot < slot_count; ++slot) map->rows[slot].primary = node(slot % 2 ? 'a' : 'b');
    map_ = std::move(map);
  }
  using SlotClient::call;
  [[nodiscard]] Task<Result<Bytes>> call(SlotId, ServiceId, Bytes, Options) override {
    co_return fail(Errc::unavailable);
  }
  [[nodiscard]] SlotId slot_for(BytesView key) const override { return slot_of(key, slot_count); }
  [[nodiscard]] MapPtr map() const override { return map_; }

 private:
  MapPtr map_;
};

struct Placing {
  std::set<SlotId> draw(int count, const std::string& address) {
    std::vector<queue::Recipient> recipients(1);
    recipients.front().set_address(address);
    std::set<SlotId> drawn;
    for (int i = 0; i < count; ++i) {
      const auto id = run_task(placement.draw(recipients));
      CHECK(ids.insert(id).second);
      drawn.insert(queue.slot_of(id));
    }
    return drawn;
  }
  std::set<QueueEntryId> ids;
  asio::io_context context;
  VirtualClock clock;
  SeededRandom random{1};
  LossyNetwork network{clock, random};
  std::unique_ptr<Network> port = network.attach(node('a'), "a");
  std::vector<NodeId> senders{node('a')};
  MemoryRemote remote;
  HopDirections directions{clock, remote, {node('b'), *port, [this] { return senders; }}};
  MappedSlots slots;
  QueueClient queue{slots};
  EntryPlacement placement{clock, random, queue, directions};
};

}  // namespace

TEST_CASE("an entry lies in a slot of the node that sends it, and shares that with a few others") {
  Placing placing;
  const auto few = placing.draw(100, "somebody@x.test");
  CHECK(few.size() <= 2);
  const auto many = placing.draw(10'000, "somebody@x.test");
  CHECK(many.size() > 10);
  for (const auto slot : many) CHECK(placing.slots.map()->rows[slot].primary == node('a'));
}

TEST_CASE("an entry lies anywhere when no node sends, or the one that does is primary nowhere") {
  for (const auto& senders : {std::vector<NodeId>{}, std::vector<NodeId>{node('c')}}) {
    Placing placing;
    placing.senders = senders;
    CHECK(placing.draw(10'000, "somebody@x.test").size() > 20);
  }
}
