#include "tests/simulator/ledger_load.hpp"

#include "node/runtime/timer.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t clients_max = 30;

}  // namespace

/// The ledger service on one node.
class LedgerLife final : public Companion {
 public:
  LedgerLife(const CompanionParts& parts, LedgerLoad* const* load)
      : service_([load, self = parts.core.self()](SlotId slot, Epoch epoch, std::uint64_t number, Guid guid) {
          (*load)->committed(self, slot, epoch, number, guid);
        }) {
    parts.core.serve(ledger_service, service_);
  }
  [[nodiscard]] Task<Result<void>> start() override { co_return Result<void>(); }
  void on_map(const MapPtr&) override {}
  void on_push(NodeId, Bytes) override {}
  void on_intake(NodeId, Bytes) override {}
  void on_egress(NodeId, Bytes) override {}
  void on_verified(BytesView) override {}

 private:
  LedgerService service_;
};

MakeCompanion LedgerLoad::companion(LedgerLoad* const* load) {
  return [load](const CompanionParts& parts) { return std::make_unique<LedgerLife>(parts, load); };
}

bool LedgerLoad::run_for(Duration duration, const std::function<bool()>& done) {
  return world_.run_for(duration, done, [this] { promises_.check(); });
}

void LedgerLoad::start_some() {
  std::vector<std::size_t> live;
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (world_.is_up(i)) live.push_back(i);
  }
  for (int i = 0; i < 3 && !live.empty(); ++i) {
    const auto front = live[world_.chance().below(live.size())];
    if (!world_.core(front).running()) continue;
    const auto slot = static_cast<SlotId>(world_.chance().below(world_.options().slots));
    if (world_.chance().chance(0.3)) {
      start_read(front, slot);
    } else if (under_way_ < clients_max) {
      start_append(front, slot);
    }
  }
}

void LedgerLoad::run(int steps) {
  for (int i = 0; i < steps; ++i) {
    start_some();
    run_for(Duration(static_cast<std::int64_t>(world_.chance().below(200'000'000))));
  }
}

void LedgerLoad::settle() {
  check_everything_readable();
  run_for(2s);
  if (world_.is_whole()) world_.check_copies_equal([this] { promises_.check(); });
}

Outcome LedgerLoad::outcome() const {
  return {promises_.acknowledgements(), promises_.reads(), world_.network().messages()};
}

// --- clients

void LedgerLoad::start_append(std::size_t front, SlotId slot) {
  auto& core = world_.core(front);
  core.tasks().spawn(world_.executor(front), "append",
                     append(this, &core, &world_.clock_of(front), slot, draw_id<Guid>(world_.chance())));
}

void LedgerLoad::start_read(std::size_t front, SlotId slot) {
  auto& core = world_.core(front);
  core.tasks().spawn(world_.executor(front), "read",
                     read(this, &core, slot, promises_.known(slot), std::make_shared<bool>()));
}

Task<void> LedgerLoad::append(LedgerLoad* load, GridCore* core, Clock* clock, SlotId slot, Guid guid) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto answer = co_await core->router().call(slot, ledger_service, append_request(guid));
    if (answer) {
      const auto number = read_be64(*answer);
      load->promises_.acknowledged(slot, guid, number);
      load->world_.note({slot},
                        [&] { return "acknowledged " + std::to_string(number) + " " + guid.brief(); });
      co_return;
    }
    co_await sleep_for(*clock, 20ms);
  }
}

Task<void> LedgerLoad::read(LedgerLoad* load, GridCore* core, SlotId slot,
                            std::map<std::uint64_t, Guid> known, std::shared_ptr<bool> done) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  const auto answer = co_await core->router().call(slot, ledger_service, read_request());
  if (!answer) co_return;
  const auto entries = read_answer(*answer);
  load->promises_.shown(slot, entries, known);
  load->world_.note({slot}, [&] { return "shown " + std::to_string(entries.size()) + " entries"; });
  *done = true;
}

// --- checks

/// At the moment of an acknowledgement: what it acknowledges is on the disk of every copy that must have it.
void LedgerLoad::committed(NodeId by, SlotId slot, Epoch epoch, std::uint64_t number, Guid guid) {
  const std::size_t self = world_.number_of(by);
  world_.note({slot}, [&] {
    return "node" + std::to_string(self) + " commits " + std::to_string(number) + " " + guid.brief() +
           " in epoch " + std::to_string(epoch);
  });
  promises_.committed(slot, epoch, by);
  const auto here = world_.core(self).slots().find(slot);
  if (!here || !here->opened() || here->row().epoch != epoch) return;  // the next opening settles who has it
  NodeSet holders = here->row().others();
  holders.insert(by);
  const auto map = world_.newest_map();
  for (const auto& holder : holders) {
    const auto other = world_.number_of(holder);
    // One that a later map takes out, which this primary has yet to hear of, may have dropped what it held.
    const auto& newest = map->rows[slot];
    if (world_.is_destroyed(other) || world_.may_lack(other) ||
        (newest.epoch > epoch && !newest.in_sync.contains(holder)))
      continue;
    const auto& disk = world_.disk(other).contents(Family::meta);
    const auto found = disk.find(entry_key(slot, number));
    if (found == disk.end() || found->second != guid.bytes()) {
      promises_.broken(slot, "acknowledged " + std::to_string(number) + ", which the copy at node" +
                                 std::to_string(other) + " does not have on its disk");
    }
  }
}

void LedgerLoad::check_everything_readable() {
  for (SlotId slot = 0; slot < world_.options().slots; ++slot) {
    const auto done = std::make_shared<bool>();
    for (int attempt = 0; attempt < 5 && !*done; ++attempt) {
      for (std::size_t node = 0; node < world_.size(); ++node) {
        if (!world_.is_up(node)) continue;
        auto& core = world_.core(node);
        core.tasks().spawn(world_.executor(node), "last read",
                           read(this, &core, slot, promises_.known(slot), done));
        break;
      }
      run_for(20s, [&] { return *done; });
    }
    if (!*done) {
      Subject about;
      about.slot = slot;
      throw Violation("slot " + std::to_string(slot) + " cannot be read after everything healed", about);
    }
  }
}

}  // namespace gridmail::sim
