#include "gossip/transport/outgoing_connection.hpp"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>

#include "gossip/transport/peer_hello.pb.h"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr std::size_t write_bytes_target = std::size_t{256} << 10;  // frames joined into one write
constexpr std::size_t farewell_bytes_max = 64;
constexpr auto lived = std::chrono::seconds(1);  // a connection that lasted so long was a good one

}  // namespace

OutgoingConnection::OutgoingConnection(asio::any_io_executor strand, Clock& clock, TlsContext context,
                                       NodeId peer, std::vector<std::string> addresses, Bytes hello,
                                       std::function<void()> removed, Settings settings)
    : strand_(strand),
      clock_(clock),
      context_(std::move(context)),
      peer_(peer),
      hello_(std::move(hello)),
      removed_(std::move(removed)),
      settings_(settings),
      woken_(std::make_shared<Event>(strand)),
      addresses_(std::move(addresses)) {}

void OutgoingConnection::send(std::uint16_t kind, Bytes payload) {
  const auto size = payload.size() + frame_header_bytes;
  if (payload.size() > frame_bytes_max) {
    log(Level::error, "peer.message_too_large",
        {{"peer", peer_.brief()}, {"kind", kind}, {"bytes", payload.size()}});
    return;
  }
  const auto now = clock_.now();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    // After close() nothing comes in any more: it is set under the same lock.
    if (closed_) return;
    drop_old_locked(now);
    if (queue_bytes_ > 0 && queue_bytes_ + size > settings_.queue_bytes_max) return;
    first = queue_.empty();
    queue_bytes_ += size;
    queue_.push_back({kind, std::move(payload), now});
  }
  if (first) wake();
}

void OutgoingConnection::redial_soon() {
  redial_ = true;
  wake();
}

void OutgoingConnection::set_addresses(std::vector<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  addresses_ = std::move(addresses);
}

void OutgoingConnection::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    queue_.clear();
    queue_bytes_ = 0;
  }
  wake();
  asio::post(strand_, [self = shared_from_this()] {
    if (self->socket_) self->socket_->close();
  });
}

void OutgoingConnection::wake() {
  woken_->set();
}

Task<void> OutgoingConnection::run() {
  const auto self = shared_from_this();
  auto backoff = settings_.backoff_min;
  while (!closed_) {
    co_await wait_for_messages();
    if (closed_) break;
    redial_ = false;
    const auto begun = clock_.now();
    auto socket = co_await connect();
    if (socket) {
      co_await use(*socket);
    } else if (socket.error().code == Errc::denied) {
      log(Level::warn, "peer.refused", {{"peer", peer_.brief()}, {"error", socket.error().text}});
    }
    if (socket && clock_.now() - begun > lived) {
      backoff = settings_.backoff_min;
    } else {
      co_await wait_for_redial(backoff);
      backoff = std::min(backoff * 2, settings_.backoff_max);
    }
  }
}

Task<void> OutgoingConnection::wait_for_messages() {
  while (!closed_ && !drop_old()) {
    woken_->reset();
    co_await woken_->wait();
  }
}

Task<void> OutgoingConnection::wait_for_redial(Duration backoff) {
  const auto until = clock_.now() + backoff;
  while (!closed_ && !redial_ && clock_.now() < until) {
    woken_->reset();
    co_await before(clock_, until, woken_);
  }
}

Task<Result<PeerSocket>> OutgoingConnection::connect() {
  std::vector<std::string> addresses;
  {
    const std::lock_guard lock(mutex_);
    addresses = addresses_;
  }
  co_return co_await dial(clock_, context_, std::move(addresses), peer_, clock_.now() + settings_.dial_max);
}

Task<void> OutgoingConnection::use(PeerSocket socket) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  socket_ = socket;
  if (!closed_) co_await (write_queue(socket) || watch_for_end(socket));
  socket_.reset();
  socket->close();
}

/// Returns when the connection is broken; never throws, so that `||` ends with it.
Task<void> OutgoingConnection::write_queue(PeerSocket socket) {
  Bytes frames = hello_;
  while (!closed_) {
    const auto written = co_await write_bytes(*socket, frames);
    if (!written) co_return;
    frames.clear();
    if (frames.capacity() > 4 * write_bytes_target) frames.shrink_to_fit();
    while (!closed_ && !collect(frames)) {
      woken_->reset();
      co_await woken_->wait();
    }
  }
}

/// On a connection that we dialled the peer says nothing but farewell: whatever comes is its end.
Task<void> OutgoingConnection::watch_for_end(PeerSocket socket) {
  FrameReader reader;
  const auto frame = co_await read_frame(*socket, reader, farewell_bytes_max);
  transport::Farewell farewell;
  if (frame && farewell.ParseFromString(frame->payload) && farewell.removed()) removed_();
  log(Level::debug, "peer.disconnected",
      {{"peer", peer_.brief()}, {"reason", frame ? std::string("the peer ended it") : frame.error().text}});
}

/// Appends the next messages as frames; false when there are none.
bool OutgoingConnection::collect(Bytes& frames) {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  drop_old_locked(now);
  while (!queue_.empty() && frames.size() < write_bytes_target) {
    auto& next = queue_.front();
    append_frame(frames, next.kind, next.payload);
    queue_bytes_ -= next.payload.size() + frame_header_bytes;
    queue_.pop_front();
  }
  return !frames.empty();
}

bool OutgoingConnection::drop_old() {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  drop_old_locked(now);
  return !queue_.empty();
}

void OutgoingConnection::drop_old_locked(TimePoint now) {
  while (!queue_.empty() && now - queue_.front().since > settings_.message_age_max) {
    queue_bytes_ -= queue_.front().payload.size() + frame_header_bytes;
    queue_.pop_front();
  }
}

}  // namespace gridmail
