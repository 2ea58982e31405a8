#include "storage/replication/fill_budget.hpp"

#include <algorithm>

namespace gridmail {
namespace {

constexpr auto waits_for = std::chrono::seconds(1);   // a slot that waits asks again within
constexpr auto busy_for = std::chrono::seconds(1);    // after a commit
constexpr auto calm_after = std::chrono::seconds(3);  // after a piece
constexpr auto adjust_every = std::chrono::milliseconds(250);
constexpr auto wait_max = std::chrono::seconds(5);
constexpr double slower_by = 1.25;
constexpr double slower_seconds = 0.0005;  // less is noise
constexpr double lowers_by = 0.7, raises_by = 1.1;
constexpr double weight_recent = 0.1, weight_calm = 0.02;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

bool FillBudget::begin(SlotId slot, bool single, TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(single_waiting_, [&](const auto& item) { return now - item.second > waits_for; });
  if (slots_ >= settings_.slots_max || (!single && !single_waiting_.empty())) {
    if (single) single_waiting_[slot] = now;
    return false;
  }
  single_waiting_.erase(slot);
  ++slots_;
  return true;
}

void FillBudget::note_commit(Duration took, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const double value = seconds(took);
  recent_seconds_ += (value - recent_seconds_) * (is_busy(now) ? weight_recent : 1);
  last_commit_ = now;
  if (last_piece_ && now - *last_piece_ < calm_after) return;
  calm_seconds_ = calm_seconds_ ? *calm_seconds_ + (value - *calm_seconds_) * weight_calm : value;
}

bool FillBudget::is_busy(TimePoint now) const {
  return last_commit_ && now - *last_commit_ < busy_for;
}

void FillBudget::adjust(TimePoint now) {
  if (!is_busy(now)) {
    rate_ = settings_.rate_max;
    return;
  }
  if (now - adjusted_ < adjust_every) return;
  adjusted_ = now;
  if (rate_ == settings_.rate_max) {
    rate_ = std::min(settings_.busy_rate_first, settings_.rate_max);
    free_at_ = now;
  } else if (!calm_seconds_) {
    return;  // nothing to compare with
  } else if (recent_seconds_ > *calm_seconds_ * slower_by + slower_seconds) {
    rate_ = std::max(settings_.rate_min, rate_ * lowers_by);
  } else {
    rate_ = std::min(settings_.rate_max * 0.99, rate_ * raises_by);
  }
}

FillBudget::Turn FillBudget::next_piece(TimePoint now) {
  const std::lock_guard lock(mutex_);
  adjust(now);
  Turn turn;
  turn.bytes = is_busy(now) ? settings_.busy_piece_bytes : settings_.piece_bytes;
  turn.wait = std::clamp<Duration>(free_at_ - now, Duration::zero(), wait_max);
  const auto cost = std::chrono::duration<double>(static_cast<double>(turn.bytes) / rate_);
  free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<Duration>(cost);
  last_piece_ = now + turn.wait;
  return turn;
}

void FillBudget::handed_out(const Turn& turn, std::size_t bytes, TimePoint now) {
  bytes_ += bytes;
  const std::lock_guard lock(mutex_);
  last_piece_ = now;
  if (bytes >= turn.bytes) return;
  // What was not used is given back; most slots are smaller than a piece.
  const auto unused = std::chrono::duration<double>(static_cast<double>(turn.bytes - bytes) / rate_);
  free_at_ = std::max(now, free_at_ - std::chrono::duration_cast<Duration>(unused));
}

bool FillBudget::yields(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  return is_busy(now);
}

double FillBudget::rate() const {
  const std::lock_guard lock(mutex_);
  return rate_;
}

}  // namespace gridmail
