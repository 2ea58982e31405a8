#include "node/services/directory/login_delays.hpp"

#include <algorithm>

namespace gridmail {
namespace {

constexpr std::size_t peers_max = 100'000;
constexpr std::size_t owners_max = 100'000;
constexpr unsigned doublings_max = 16;

}  // namespace

Duration LoginDelays::failed(const std::string& peer_address) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  ++failures_;
  if (settings_.first == Duration::zero()) return Duration::zero();
  if (peers_.size() >= peers_max) make_room(now);
  auto& peer = peers_[peer_address];
  if (peer.last + settings_.forgotten_after < now) peer.failures = 0;
  peer.last = now;
  const auto doublings = std::min(peer.failures++, doublings_max);
  const auto delay = std::min<Duration>(settings_.first * (1LL << doublings), settings_.max);
  return delay + Duration(static_cast<std::int64_t>(
                     random_.below(static_cast<std::uint64_t>(delay.count() / 2) + 1)));
}

void LoginDelays::succeeded(const std::string& peer_address) {
  const std::lock_guard lock(mutex_);
  peers_.erase(peer_address);
}

void LoginDelays::guessed(const std::string& owner) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (guessed_.size() >= owners_max) {
    std::erase_if(guessed_, [&](const auto& pair) { return pair.second + settings_.forgotten_after < now; });
    if (guessed_.size() >= owners_max) guessed_.clear();  // everybody's: it says nothing any more
  }
  guessed_[owner] = now;
}

bool LoginDelays::is_guessed_at(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  const auto found = guessed_.find(owner);
  return found != guessed_.end() && clock_.now() <= found->second + settings_.forgotten_after;
}

std::uint64_t LoginDelays::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void LoginDelays::make_room(TimePoint now) {
  std::erase_if(peers_, [&](const auto& pair) { return pair.second.last + settings_.forgotten_after < now; });
  if (peers_.size() >= peers_max)
    peers_.clear();  // an attack from everywhere: the counts say nothing any more
}

}  // namespace gridmail
