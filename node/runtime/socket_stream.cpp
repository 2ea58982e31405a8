#include "node/runtime/socket_stream.hpp"

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>

namespace gridmail {
namespace {

/// An IPv4 client of a dual-stack listener shows up as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2); here it is
/// 192.0.2.1.
asio::ip::address plain_address(const asio::ip::tcp::socket& socket) {
  std::error_code error;
  auto address = socket.remote_endpoint(error).address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

}  // namespace

/// The connection with its deadline. The timer is set only when the deadline comes before what it is set to,
/// and looks again when it fires: a session that moves its deadline with every command costs no timer
/// operations.
struct SocketStream::State : std::enable_shared_from_this<State> {
  State(asio::ip::tcp::socket s, Clock& c)
      : peer(plain_address(s)), clock(c), timer(s.get_executor()), socket(std::move(s)) {}

  /// An operation under way; the deadline ends it.
  class Operation {
   public:
    explicit Operation(State& state) : state_(state) {
      if (state_.deadline <= state_.clock.now()) {
        state_.socket.close();
        throw asio::system_error(asio::error::timed_out);
      }
      ++state_.busy;
    }
    ~Operation() { --state_.busy; }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// To be called in a handler of what the operation threw.
    [[noreturn]] void failed() const {
      state_.socket.close();
      if (state_.expired) throw asio::system_error(asio::error::timed_out);
      throw;
    }

   private:
    State& state_;
  };

  void arm() {
    timer_at = deadline;
    if (deadline == TimePoint::never()) return;
    timer.expires_after(std::max(deadline - clock.now(), Duration::zero()));
    timer.async_wait([weak = weak_from_this()](std::error_code error) {
      const auto self = weak.lock();
      if (self && !error) self->look();
    });
  }

  void look() {
    timer_at = TimePoint::never();
    if (deadline > clock.now()) return arm();
    if (busy == 0)
      return;  // the next operation finds out by itself, unless the deadline has been moved by then
    expired = true;
    socket.cancel();
  }

  asio::ip::address peer;
  bool tls_ended_before = false;  ///< at the proxy that speaks for the peer
  Clock& clock;
  asio::steady_timer timer;
  TlsSocket socket;
  TimePoint deadline = TimePoint::never();
  TimePoint timer_at = TimePoint::never();
  int busy = 0;
  bool expired = false;
};

SocketStream::SocketStream(asio::ip::tcp::socket socket, Clock& clock, const ServerTls* tls)
    : tls_(tls), state_(std::make_shared<State>(std::move(socket), clock)) {
  std::error_code ignored;
  state_->socket.socket().set_option(asio::socket_base::keep_alive(true), ignored);
}

SocketStream::SocketStream(asio::ip::tcp::socket socket, Clock& clock, TlsContext client_tls,
                           std::string verified_name)
    : tls_(nullptr),
      client_tls_(std::move(client_tls)),
      verified_name_(std::move(verified_name)),
      state_(std::make_shared<State>(std::move(socket), clock)) {}

SocketStream::~SocketStream() {
  state_->timer.cancel();
}

Task<std::size_t> SocketStream::read_some(char* out, std::size_t size) {
  const State::Operation operation(*state_);
  try {
    co_return co_await state_->socket.read_some(out, size);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> SocketStream::write(BytesView bytes) {
  const State::Operation operation(*state_);
  try {
    co_await state_->socket.write(bytes);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> SocketStream::start_tls() {
  const State::Operation operation(*state_);
  try {
    auto context = client_tls_ ? client_tls_ : tls_->current();
    co_await state_->socket.handshake(std::move(context), client_tls_ ? TlsRole::client : TlsRole::server,
                                      verified_name_);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

void SocketStream::expires_at(TimePoint when) {
  state_->deadline = when;
  if (when < state_->timer_at) state_->arm();
}

bool SocketStream::can_start_tls() const {
  return (tls_ != nullptr || client_tls_) && !is_secure();
}
bool SocketStream::is_secure() const {
  return state_->socket.tls() != nullptr || state_->tls_ended_before;
}

std::string SocketStream::peer_address() const {
  return state_->peer.to_string();
}
bool SocketStream::peer_is_loopback() const {
  return state_->peer.is_loopback();
}

std::string SocketStream::tls_version() const {
  return state_->socket.tls() != nullptr ? SSL_get_version(state_->socket.tls()) : "";
}
std::string SocketStream::tls_cipher() const {
  return state_->socket.tls() != nullptr ? SSL_get_cipher_name(state_->socket.tls()) : "";
}

void SocketStream::speak_for(asio::ip::address client, TlsEnds tls_ends) {
  state_->peer = std::move(client);
  state_->tls_ended_before = tls_ends == TlsEnds::before;
}

void SocketStream::close() {
  state_->timer.cancel();
  state_->socket.close();
}

}  // namespace gridmail
