// LedgerLoad: clients that append to the slots' ledgers and read them, and the promises as these see them.
#pragma once
#include "tests/simulator/checkers.hpp"
#include "tests/simulator/ledger.hpp"
#include "tests/simulator/load.hpp"

namespace gridmail::sim {

class LedgerLoad final : public Load {
 public:
  explicit LedgerLoad(World& world) : world_(world) {}

  void begin() override {}
  void run(int steps) override;
  bool run_for(Duration duration, const std::function<bool()>& done = {}) override;
  [[nodiscard]] std::size_t under_way() const override { return under_way_; }
  void settle() override;
  [[nodiscard]] Outcome outcome() const override;

  /// One append, or one read, by a client of this front: retried there until it is answered or the front
  /// dies.
  void start_append(std::size_t front, SlotId slot);
  void start_read(std::size_t front, SlotId slot);
  /// A few clients now.
  void start_some();
  /// Reads every slot through some live node and compares it with everything ever acknowledged or shown.
  void check_everything_readable();
  [[nodiscard]] const Promises& promises() const { return promises_; }

  /// What runs on the nodes: the ledger service, whose commits `load` is told of. It outlives the nodes.
  [[nodiscard]] static MakeCompanion companion(LedgerLoad* const* load);

 private:
  friend class LedgerLife;
  void committed(NodeId by, SlotId slot, Epoch epoch, std::uint64_t number, Guid guid);
  static Task<void> append(LedgerLoad* load, GridCore* core, Clock* clock, SlotId slot, Guid guid);
  static Task<void> read(LedgerLoad* load, GridCore* core, SlotId slot, std::map<std::uint64_t, Guid> known,
                         std::shared_ptr<bool> done);

  World& world_;
  Promises promises_;
  std::size_t under_way_ = 0;
};

}  // namespace gridmail::sim
