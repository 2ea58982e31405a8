// TraceBook: what this node noted of messages, kept in its store for a while and within a size.
#pragma once
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/store.hpp"
#include "storage/trace/trace_sink.hpp"

namespace gridmail {

/// Events wait in memory, at most `waiting_max`, until flush() writes them, all in one batch. Thread-safe but
/// for flush() and prune(), which are called one after the other.
///
/// Most messages are received, sent or delivered on one node within seconds: so long the book remembers which
/// it received, and what it notes of them later is found by their id alone.
///
/// Keys, family `node`: "trace/e/", time, number (8 and 4 bytes, big-endian) → Event; "trace/i/", 8 bytes of
/// the term's BLAKE2b, time, number → empty; "trace/bytes" → what all of it takes, 8 bytes.
class TraceBook final : public TraceSink {
 public:
  struct Settings {
    Duration kept = std::chrono::hours(24 * 7);
    std::uint64_t bytes_max = 256ULL << 20;  ///< of keys and values; 0: nothing is remembered
    std::size_t waiting_max = 20'000;
    std::size_t found_max = 1000;         ///< by one look-up, the newest; and 8 MiB
    std::size_t remembered_max = 16'000;  ///< recipients of what was received here
  };
  TraceBook(Clock& clock, Store& store, Settings settings)
      : clock_(clock), store_(store), settings_(settings) {}

  void note(trace::Event event) override;

  /// Before the first flush(). Errors: io, corrupted.
  [[nodiscard]] Task<Result<void>> load();
  /// Writes what waits. Errors: io, no_space.
  [[nodiscard]] Task<Result<void>> flush();
  /// Forgets what is too old, or too much; while that takes long, what comes meanwhile is written. Errors:
  /// io, no_space, corrupted.
  [[nodiscard]] Task<Result<void>> prune();

  /// Events that any of the terms names: an id, an entry, a Message-ID or an address. By time; what waits is
  /// among them. Errors: io, corrupted.
  [[nodiscard]] Task<Result<std::vector<trace::Event>>> find(std::vector<std::string> terms);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Place {
    WallMicros at = 0;
    std::uint32_t number = 0;
    auto operator<=>(const Place&) const = default;
  };
  [[nodiscard]] Task<Result<void>> places_of(const std::string* term, std::set<Place>* places);
  /// How many were too old, or too much, of the next few.
  [[nodiscard]] Task<Result<std::size_t>> prune_some(WallMicros oldest);
  // Under the mutex.
  void remember(const trace::Event& received);
  [[nodiscard]] bool is_named_by_receipt(const trace::Event& event) const;

  Clock& clock_;
  Store& store_;
  const Settings settings_;
  std::mutex mutex_;
  std::vector<trace::Event> waiting_;
  std::uint64_t lost_ = 0;
  /// What the note of a message's receipt names.
  struct Receipt {
    std::string entry;
    std::vector<std::size_t> recipients;  ///< hashes
  };
  /// By the message's id; the older half is forgotten at once.
  std::unordered_map<std::string, Receipt> received_, received_before_;
  std::size_t remembered_ = 0;  ///< recipients in the younger half
  std::uint32_t number_ = 0;
  /// No event is before it: a scan from further back would go through all that was removed.
  Bytes pruned_to_;
  std::atomic<std::uint64_t> bytes_{0};
};

/// What an event names, and what it is found by: lower case, a Message-ID without its brackets.
[[nodiscard]] std::set<std::string> terms_of(const trace::Event& event);
[[nodiscard]] std::set<std::string> indexed_terms(const trace::Event& event);
[[nodiscard]] std::string trace_term(std::string_view text);

}  // namespace gridmail
