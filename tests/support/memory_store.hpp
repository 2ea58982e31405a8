// The Store port in memory: one node's disk, which outlives the node's crashes and forgets what was not
// synced. One thread, on virtual time.
#pragma once
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "node/base/lost_key.hpp"
#include "node/base/random.hpp"
#include "node/base/store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::test {

class MemoryStore final : public Store {
 public:
  struct Options {
    Duration sync_min = std::chrono::microseconds(200);
    Duration sync_max = std::chrono::milliseconds(3);
    /// A disk that lies: it never writes such records, or answers before it has written.
    std::function<bool(Family, const Bytes& key)> loses = {};
    bool answers_early = false;
    std::size_t queue_bytes_max = 256 << 20;  ///< with more that waits it is behind
    /// It goes on after a commit has failed, with a hole where that was.
    bool writes_on = false;
    /// So much of bodies may be written while it is full: with more the node must stop.
    std::size_t full_bytes_max = SIZE_MAX;
  };
  MemoryStore(VirtualClock& clock, Random& random) : MemoryStore(clock, random, Options()) {}
  MemoryStore(VirtualClock& clock, Random& random, Options options)
      : disk_(std::make_shared<Disk>(clock, random, options)) {}

  using Store::commit;
  void commit(Batch batch, Done done) override {
    if (has_crashed()) return;
    if (disk_->options.answers_early) {
      disk_->clock.call_after(
          Duration(1000), [done = std::exchange(done, [](Result<void>) {})] { done({}); }, disk_->awake);
    }
    if (disk_->pending.empty()) disk_->busy_since = disk_->clock.now();
    disk_->pending.push_back({std::move(batch), std::move(done)});
    if (disk_->crash_after && --*disk_->crash_after == 0) return disk_->on_crash();
    disk_->begin_sync();
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() override {
    return std::make_shared<View>(disk_->families, disk_->rotten, disk_);
  }
  [[nodiscard]] Duration stalled_for() const override {
    return disk_->pending.empty() ? Duration::zero() : disk_->clock.now() - disk_->busy_since;
  }
  [[nodiscard]] bool is_behind() const {
    std::size_t bytes = 0;
    for (const auto& waiting : disk_->pending) bytes += waiting.batch.bytes();
    return bytes > disk_->options.queue_bytes_max;
  }

  /// The node crashes: of what was not synced a random beginning survives, nothing of it is answered.
  void crash() {
    const auto survive = disk_->failed ? 0 : disk_->random.below(disk_->pending.size() + 1);
    for (std::uint64_t i = 0; i < survive; ++i) disk_->apply(disk_->pending[i].batch);
    disk_->pending.clear();
    disk_->crash_after.reset();
    ++disk_->life;
    disk_->syncing = false;
    disk_->failed = false;
  }
  /// The disk is replaced by an empty one.
  void wipe() {
    crash();
    for (auto& family : disk_->families) family = std::make_shared<Pairs>();
    disk_->rotten.reset();
  }
  /// While stalled no commit finishes.
  void stall(bool stalled) {
    disk_->stalled = stalled;
    disk_->begin_sync();
  }
  /// Every write takes so much longer, until repair().
  void slow_down(Duration more) { disk_->slower_by = more; }
  /// Every further commit fails with this error, until it is lifted. After the first that did none succeeds
  /// in this life of the node, as with GroupCommit; repair() helps the next one.
  void fail_with(std::optional<Errc> error) {
    disk_->error = error;
    if (!error) disk_->failed = false;
  }
  /// Called at the first commit that fails, instead of an answer: the node must stop.
  void on_failure(std::function<void(Error)> call) { disk_->on_failure = std::move(call); }
  /// At the n-th commit from now on the node is to crash: nothing is written or answered any more until
  /// crash(), which `on_crash` must see to.
  void crash_at(std::uint64_t n, std::function<void()> on_crash) {
    disk_->crash_after = n;
    disk_->on_crash = std::move(on_crash);
  }
  [[nodiscard]] bool has_crashed() const { return disk_->crash_after == 0U; }
  /// It answers with errors, or did in this life of the node.
  [[nodiscard]] bool is_faulty() const { return disk_->error || disk_->failed; }
  /// There is no room but for what is kept for deletions. From then on bytes of bodies are counted.
  void fill(bool full) {
    disk_->full = full;
    disk_->full_bytes = 0;
  }
  [[nodiscard]] bool is_full() const { return disk_->full; }
  /// Half of what may be written then is.
  [[nodiscard]] bool is_very_full() const {
    return disk_->full && disk_->full_bytes > disk_->options.full_bytes_max / 2;
  }
  /// All that is on disk now, to be put back later, while the node is down.
  using Image = std::array<std::shared_ptr<std::map<Bytes, Bytes>>, family_count>;
  [[nodiscard]] Image image() const { return disk_->families; }
  void restore(const Image& image) { disk_->families = image; }
  /// A bit of this record flips: its checksum is wrong whenever it is read, until it is written anew.
  void rot(Family family, const Bytes& key) {
    auto more = std::make_shared<Rotten>(disk_->rotten ? *disk_->rotten : Rotten());
    more->emplace(family, key);
    disk_->rotten = std::move(more);
  }
  [[nodiscard]] bool is_rotten() const { return disk_->rotten && !disk_->rotten->empty(); }
  /// Called whenever a rotten record is read.
  void on_damage(std::function<void(Error)> call) { disk_->on_damage = std::move(call); }
  /// As the store in production does at the start after damage: what cannot be read is left behind, and
  /// named.
  void salvage() {
    if (!disk_->rotten) return;
    const auto rotten = std::move(disk_->rotten);
    for (const auto& [family, key] : *rotten) {
      disk_->own(family).erase(key);
      disk_->own(Family::node)[lost_key(read_be32(key))] += to_hex(key) + " ";
    }
  }
  /// The record becomes another one unnoticed; nothing: it is gone.
  void alter(Family family, const Bytes& key, std::optional<Bytes> value) {
    if (value) {
      disk_->own(family)[key] = std::move(*value);
    } else {
      disk_->own(family).erase(key);
    }
  }
  /// Set whenever a commit was answered: whose disk it is has something to do.
  void wakes(bool& awake) { disk_->awake = &awake; }
  /// Works again as it should.
  void repair() {
    disk_->error.reset();
    disk_->slower_by = Duration::zero();
    if (!has_crashed()) disk_->crash_after.reset();
    stall(false);
  }
  /// What is visible, for checkers.
  [[nodiscard]] const std::map<Bytes, Bytes>& contents(Family family) const {
    return *disk_->families[static_cast<std::size_t>(family)];
  }

 private:
  using Pairs = std::map<Bytes, Bytes>;
  using Families = Image;
  using Rotten = std::set<std::pair<Family, Bytes>>;
  struct Pending {
    Batch batch;
    Done done;
  };

  /// Shared with the alarm of a sync under way.
  struct Disk : std::enable_shared_from_this<Disk> {
    Disk(VirtualClock& c, Random& r, Options o) : clock(c), random(r), options(o) {
      for (auto& family : families) family = std::make_shared<Pairs>();
    }
    /// One sync takes everything that waits when it begins, as the group commit does.
    void begin_sync() {
      if (syncing || stalled || pending.empty() || crash_after == 0U) return;
      syncing = true;
      const auto range = static_cast<std::uint64_t>((options.sync_max - options.sync_min).count()) + 1;
      const auto delay =
          slower_by + options.sync_min + Duration(static_cast<std::int64_t>(random.below(range)));
      clock.call_after(
          delay,
          [self = shared_from_this(), group = pending.size(), this_life = life] {
            if (self->life == this_life) self->end_sync(group);
          },
          awake);
    }
    void end_sync(std::size_t group) {
      syncing = false;
      busy_since = clock.now();
      if (crash_after == 0U) return;
      const Error failure{error.value_or(Errc::io), "injected fault"};
      if (error && !options.writes_on && !failed) {
        failed = true;
        if (on_failure) return on_failure(failure);
      }
      if (overflows(group) && on_failure)
        return on_failure({Errc::no_space, "written to although it is full"});
      const bool refuses = error || failed;
      for (std::size_t i = 0; i < group; ++i) {
        auto next = std::move(pending.front());
        pending.pop_front();
        if (!refuses) apply(next.batch);
        const auto before = life;
        next.done(refuses ? Result<void>(tl::unexpected(failure)) : Result<void>());
        if (life != before || crash_after == 0U) return;  // the answer made this node crash
      }
      begin_sync();
    }
    /// What is large: parts of messages, also of those that wait for their slot.
    [[nodiscard]] static bool is_body(const Batch::Write& write) {
      return write.kind == Batch::Write::Kind::put &&
             (write.family == Family::body || write.key.compare(0, 7, "intake/") == 0);
    }
    [[nodiscard]] bool overflows(std::size_t group) {
      if (!full) return false;
      for (std::size_t i = 0; i < group; ++i) {
        for (const auto& write : pending[i].batch.writes())
          full_bytes += is_body(write) ? write.value.size() : 0;
      }
      return full_bytes > options.full_bytes_max;
    }
    void apply(const Batch& batch) {
      for (const auto& write : batch.writes()) {
        if (options.loses && write.kind == Batch::Write::Kind::put && options.loses(write.family, write.key))
          continue;
        if (rotten && rotten->contains({write.family, write.key})) {
          auto fewer = std::make_shared<Rotten>(*rotten);
          fewer->erase({write.family, write.key});
          rotten = std::move(fewer);
        }
        if (rotten && write.kind == Batch::Write::Kind::remove_range) {
          auto fewer = std::make_shared<Rotten>(*rotten);
          std::erase_if(*fewer, [&](const auto& one) {
            return one.first == write.family && one.second >= write.key && one.second < write.value;
          });
          rotten = std::move(fewer);
        }
        auto& family = own(write.family);
        switch (write.kind) {
          case Batch::Write::Kind::put:
            family[write.key] = write.value;
            break;
          case Batch::Write::Kind::remove:
            family.erase(write.key);
            break;
          case Batch::Write::Kind::remove_range:
            if (write.key < write.value)
              family.erase(family.lower_bound(write.key), family.lower_bound(write.value));
            break;
        }
      }
    }

    /// To be written; snapshots keep the old one.
    Pairs& own(Family which) {
      auto& family = families[static_cast<std::size_t>(which)];
      if (family.use_count() > 1) family = std::make_shared<Pairs>(*family);
      return *family;
    }

    VirtualClock& clock;
    Random& random;
    Options options;
    Families families;
    std::shared_ptr<const Rotten> rotten;
    std::deque<Pending> pending;
    TimePoint
        busy_since{};  ///< while something is pending: since when it is being written, or waits for that
    Duration slower_by{0};
    std::optional<Errc> error;
    bool failed = false;  ///< in this life of the node
    bool full = false;
    std::size_t full_bytes = 0;  ///< of bodies, written since then
    std::function<void(Error)> on_failure;
    std::function<void(Error)> on_damage;
    std::optional<std::uint64_t> crash_after;  ///< commits; 0: it has crashed
    std::function<void()> on_crash;
    bool* awake = nullptr;
    std::uint64_t life = 0;
    bool syncing = false;
    bool stalled = false;
  };

  class View final : public Snapshot {
   public:
    View(Families families, std::shared_ptr<const Rotten> rotten, std::shared_ptr<Disk> disk)
        : families_(std::move(families)), rotten_(std::move(rotten)), disk_(std::move(disk)) {}
    [[nodiscard]] Task<Result<std::optional<Bytes>>> get(Family family, Bytes key) const override {
      const auto& pairs = of(family);
      const auto at = pairs.find(key);
      if (at == pairs.end()) co_return std::optional<Bytes>();
      if (is_rotten(family, key)) co_return damage();
      co_return std::optional<Bytes>(at->second);
    }
    [[nodiscard]] Task<Result<Page>> scan(Family family, Bytes first, Bytes last, std::size_t pairs_max,
                                          std::size_t bytes_max) const override {
      Page page;
      std::size_t bytes = 0;
      const auto& pairs = of(family);
      for (auto at = pairs.lower_bound(first); at != pairs.end() && (last.empty() || at->first < last);
           ++at) {
        if (!page.pairs.empty() && (page.pairs.size() >= pairs_max || bytes >= bytes_max)) {
          page.more = true;
          break;
        }
        if (is_rotten(family, at->first)) co_return damage();
        bytes += at->first.size() + at->second.size();
        page.pairs.push_back({at->first, at->second});
      }
      co_return page;
    }
    [[nodiscard]] Task<Result<std::optional<KeyValue>>> last(Family family, Bytes first,
                                                             Bytes last) const override {
      const auto& pairs = of(family);
      auto at = last.empty() ? pairs.end() : pairs.lower_bound(last);
      if (at == pairs.begin() || std::prev(at)->first < first) co_return std::optional<KeyValue>();
      --at;
      if (is_rotten(family, at->first)) co_return damage();
      co_return std::optional<KeyValue>(KeyValue{at->first, at->second});
    }

   private:
    [[nodiscard]] const Pairs& of(Family family) const {
      return *families_[static_cast<std::size_t>(family)];
    }
    [[nodiscard]] bool is_rotten(Family family, const Bytes& key) const {
      return rotten_ && rotten_->contains({family, key});
    }
    [[nodiscard]] tl::unexpected<Error> damage() const {
      const Error error{Errc::corrupted, "checksum"};
      if (disk_->on_damage) disk_->on_damage(error);
      return fail(Errc::unavailable, error.text);
    }
    Families families_;
    std::shared_ptr<const Rotten> rotten_;
    std::shared_ptr<Disk> disk_;
  };

  std::shared_ptr<Disk> disk_;
};

}  // namespace gridmail::test
