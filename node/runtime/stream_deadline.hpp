// The deadline of a stream over a socket.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <memory>

#include "node/base/clock.hpp"

namespace gridmail {

/// The connection of a stream, with its deadline; lives on the session's strand. The timer is set only when
/// the deadline comes before what it is set to, and looks again when it fires: a session that moves its
/// deadline with every command costs no timer operations. Owned by a shared pointer, for the timer's handler.
class StreamDeadline : public std::enable_shared_from_this<StreamDeadline> {
 public:
  StreamDeadline(const asio::any_io_executor& executor, Clock& clock) : clock_(clock), timer_(executor) {}
  virtual ~StreamDeadline() = default;
  StreamDeadline(const StreamDeadline&) = delete;
  StreamDeadline& operator=(const StreamDeadline&) = delete;

  /// A read or write under way, which the deadline ends. Throws timed_out where that is over already.
  class Operation {
   public:
    explicit Operation(StreamDeadline& stream);
    ~Operation() { --stream_.busy_; }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// To be called in a handler of what the operation threw: closes, and throws timed_out or the same again.
    [[noreturn]] void failed() const;

   private:
    StreamDeadline& stream_;
  };

  void expires_at(TimePoint when);
  /// The timer lets go: the stream is closed, or nobody has it any more.
  void stop() { timer_.cancel(); }

  virtual void close() = 0;

 private:
  /// Ends what is under way.
  virtual void cancel() = 0;
  void arm();
  void look();

  Clock& clock_;
  asio::steady_timer timer_;
  TimePoint deadline_ = TimePoint::never();
  TimePoint timer_at_ = TimePoint::never();
  int busy_ = 0;
  bool expired_ = false;
};

}  // namespace gridmail
