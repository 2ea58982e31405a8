#include "node/services/directory/login_delays.hpp"

#include <algorithm>

namespace gridmail {
namespace {

constexpr std::size_t peers_max = 100'000;
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
