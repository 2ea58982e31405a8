#include "gossip/strand_timer.hpp"

#include <asio/post.hpp>

namespace gridmail {

void StrandTimer::set_at(TimePoint when, std::function<void()> ring) {
  cancel();
  ring_ = std::make_shared<std::function<void()>>(std::move(ring));
  alarm_ = clock_.call_at(when, [this_strand = strand_, weak = std::weak_ptr(ring_), this] {
    asio::post(this_strand, [weak, this] {
      const auto current = weak.lock();
      if (!current) return;  // cancelled, replaced, or the timer is gone
      ring_.reset();
      (*current)();
    });
  });
}

void StrandTimer::cancel() {
  ring_.reset();
  alarm_.reset();
}

}  // namespace gridmail
