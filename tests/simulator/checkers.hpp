// What must hold whatever happens (design, section 2), as a record of everything clients were told.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "node/base/ids.hpp"
#include "tests/simulator/history.hpp"

namespace gridmail::sim {

/// A broken promise; the seed that led to it replays it.
class Violation : public std::runtime_error {
 public:
  explicit Violation(const std::string& what, Subject about = {}) : std::runtime_error(what), about_(about) {}
  [[nodiscard]] Subject about() const { return about_; }

 private:
  Subject about_;
};

/// Promises 1, 3 and 4 as a client sees them.
class Promises {
 public:
  /// An append was acknowledged under this number.
  void acknowledged(SlotId slot, Guid guid, std::uint64_t number) {
    const auto [at, fresh] = numbers_[slot].emplace(guid, number);
    acknowledgements_ += fresh ? 1 : 0;
    if (!fresh && at->second != number)
      broken(slot, "acknowledged twice, as " + std::to_string(at->second) + " and " + std::to_string(number));
  }
  /// A read began when `before` entries had been acknowledged or shown, and was answered with these.
  void shown(SlotId slot, const std::map<std::uint64_t, Guid>& entries,
             const std::map<std::uint64_t, Guid>& known) {
    std::map<Guid, std::uint64_t> seen;
    for (const auto& [number, guid] : entries) {
      if (!seen.emplace(guid, number).second) broken(slot, "one message twice");
    }
    for (const auto& [number, guid] : known) {
      const auto at = entries.find(number);
      if (at == entries.end()) {
        broken(slot, "number " + std::to_string(number) + " is lost");
      } else if (at->second != guid)
        broken(slot, "number " + std::to_string(number) + " is another message");
    }
    for (const auto& [number, guid] : entries) shown_[slot][number] = guid;
    ++reads_;
  }
  /// Everything acknowledged or shown in this slot so far.
  [[nodiscard]] std::map<std::uint64_t, Guid> known(SlotId slot) const {
    std::map<std::uint64_t, Guid> all;
    if (const auto at = shown_.find(slot); at != shown_.end()) all = at->second;
    if (const auto at = numbers_.find(slot); at != numbers_.end()) {
      for (const auto& [guid, number] : at->second) all[number] = guid;
    }
    return all;
  }
  void committed(SlotId slot, Epoch epoch, NodeId by) {
    const auto [at, fresh] = committers_.emplace(std::pair(slot, epoch), by);
    if (!fresh && at->second != by) broken(slot, "two nodes committed in epoch " + std::to_string(epoch));
  }
  [[nodiscard]] std::size_t acknowledgements() const { return acknowledgements_; }
  [[nodiscard]] std::size_t reads() const { return reads_; }
  /// Throws the first violation found, if any.
  void check() const {
    if (!violation_.empty()) throw Violation(violation_, about_);
  }

  /// Keeps the first violation; check() throws it.
  void broken(SlotId slot, const std::string& what) {
    if (!violation_.empty()) return;
    violation_ = "slot " + std::to_string(slot) + ": " + what;
    about_.slot = slot;
  }

 private:
  std::string violation_;
  Subject about_;
  std::size_t reads_ = 0;
  std::size_t acknowledgements_ = 0;
  std::map<SlotId, std::map<Guid, std::uint64_t>> numbers_;
  std::map<SlotId, std::map<std::uint64_t, Guid>> shown_;
  std::map<std::pair<SlotId, Epoch>, NodeId> committers_;
};

}  // namespace gridmail::sim
