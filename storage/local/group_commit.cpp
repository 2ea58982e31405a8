#include "storage/local/group_commit.hpp"

#include <pthread.h>

#include <iterator>
#include <utility>

#include "node/base/metrics.hpp"

namespace gridmail {
namespace {
/// What every acknowledgement waits for, on each of its nodes.
metrics::Histogram synced_in{"store_commit_seconds",
                             "From the begin of a group commit until it is on the disk."};
metrics::Counter batches{"store_batches_total", "Batches in these group commits."};

// A batch's own cost beside its bytes, so that a queue of empty batches is bounded as well.
constexpr std::size_t batch_overhead_bytes = 256;
std::size_t cost_of(const Batch& batch) {
  return batch.bytes() + batch_overhead_bytes;
}
}  // namespace

GroupCommit::GroupCommit(Write write, std::size_t group_bytes_max, std::size_t queue_bytes_max)
    : write_(std::move(write)),
      group_bytes_max_(group_bytes_max),
      queue_bytes_max_(queue_bytes_max),
      thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "group_commit");
}

GroupCommit::~GroupCommit() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void GroupCommit::commit(Batch batch, Store::Done done) {
  const auto cost = cost_of(batch);
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queue_.empty();
    if (!busy_since_) busy_since_ = std::chrono::steady_clock::now();
    queue_bytes_ += cost;
    queue_.push_back({std::move(batch), std::move(done)});
  }
  if (first) arrived_.notify_one();
}

bool GroupCommit::is_behind() const {
  const std::lock_guard lock(mutex_);
  return queue_bytes_ > queue_bytes_max_;
}

std::chrono::nanoseconds GroupCommit::stalled_for() const {
  const std::lock_guard lock(mutex_);
  if (!busy_since_) return {};
  return std::chrono::steady_clock::now() - *busy_since_;
}

void GroupCommit::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      take_group();
    }
    if (health_) {
      const auto begun = std::chrono::steady_clock::now();
      auto result = write_(group_);
      synced_in.observe(std::chrono::steady_clock::now() - begun);
      batches.add(group_.size());
      if (!result) health_ = result;
      finish_group(result);
    } else {
      finish_group(health_);
    }
  }
}

void GroupCommit::take_group() {
  std::size_t bytes = 0;
  auto end = queue_.begin();
  while (end != queue_.end() && (end == queue_.begin() || bytes + end->batch.bytes() <= group_bytes_max_)) {
    bytes += end->batch.bytes();
    ++end;
  }
  if (end == queue_.end()) {
    group_.swap(queue_);
  } else {
    group_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  busy_since_ = std::chrono::steady_clock::now();
}

void GroupCommit::finish_group(const Result<void>& result) {
  std::size_t bytes = 0;
  for (auto& pending : group_) {
    bytes += cost_of(pending.batch);
    pending.done(result);
  }
  group_.clear();
  const std::lock_guard lock(mutex_);
  queue_bytes_ -= bytes;
  busy_since_.reset();
  if (!queue_.empty()) busy_since_ = std::chrono::steady_clock::now();
}

}  // namespace gridmail
