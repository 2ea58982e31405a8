// One life of a node over its disk: after the crash nothing is written any more, and what waits is answered
// with io.
#pragma once
#include <map>
#include <memory>

#include "tests/support/memory_store.hpp"

namespace gridmail::test {

class CrashingStore final : public Store {
 public:
  explicit CrashingStore(MemoryStore& disk) : disk_(disk) {}

  using Store::commit;
  void commit(Batch batch, Done done) override {
    if (crashed_) return done(fail(Errc::io, "crashed"));
    const auto number = ++next_;
    waiting_->emplace(number, std::move(done));
    disk_.commit(std::move(batch), [waiting = waiting_, number](Result<void> result) {
      auto node = waiting->extract(number);
      if (node) node.mapped()(std::move(result));
    });
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() override { return disk_.snapshot(); }
  [[nodiscard]] Duration stalled_for() const override { return disk_.stalled_for(); }

  void crash() {
    crashed_ = true;
    disk_.crash();
    auto waiting = std::exchange(*waiting_, {});
    for (auto& [number, done] : waiting) done(fail(Errc::io, "crashed"));
  }

 private:
  MemoryStore& disk_;
  std::shared_ptr<std::map<std::uint64_t, Done>> waiting_ = std::make_shared<std::map<std::uint64_t, Done>>();
  std::uint64_t next_ = 0;
  bool crashed_ = false;
};

}  // namespace gridmail::test
