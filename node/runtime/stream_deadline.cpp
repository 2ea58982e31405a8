#include "node/runtime/stream_deadline.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

namespace gridmail {

StreamDeadline::Operation::Operation(StreamDeadline& stream) : stream_(stream) {
  if (stream_.deadline_ <= stream_.clock_.now()) {
    stream_.close();
    throw asio::system_error(asio::error::timed_out);
  }
  ++stream_.busy_;
}

void StreamDeadline::Operation::failed() const {
  stream_.close();
  if (stream_.expired_) throw asio::system_error(asio::error::timed_out);
  throw;
}

void StreamDeadline::expires_at(TimePoint when) {
  deadline_ = when;
  if (when < timer_at_) arm();
}

void StreamDeadline::arm() {
  timer_at_ = deadline_;
  if (deadline_ == TimePoint::never()) return;
  timer_.expires_after(std::max(deadline_ - clock_.now(), Duration::zero()));
  timer_.async_wait([weak = weak_from_this()](std::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->look();
  });
}

void StreamDeadline::look() {
  timer_at_ = TimePoint::never();
  if (deadline_ > clock_.now()) return arm();
  if (busy_ == 0)
    return;  // the next operation finds out by itself, unless the deadline has been moved by then
  expired_ = true;
  cancel();
}

}  // namespace gridmail
