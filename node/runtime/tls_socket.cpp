#include "node/runtime/tls_socket.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <climits>

namespace gridmail {
namespace {

constexpr unsigned operations_in_a_row_max = 32;

struct Piece {
  char* data;
  std::size_t size;
};

int int_size(const Piece& piece) {
  return static_cast<int>(std::min<std::size_t>(piece.size, INT_MAX));
}

int step_handshake(SSL* ssl, void*) {
  return SSL_do_handshake(ssl);
}
int step_read(SSL* ssl, void* argument) {
  const auto* piece = static_cast<Piece*>(argument);
  return SSL_read(ssl, piece->data, int_size(*piece));
}
int step_write(SSL* ssl, void* argument) {
  const auto* piece = static_cast<Piece*>(argument);
  return SSL_write(ssl, piece->data, int_size(*piece));
}

[[noreturn]] void throw_tls_error(int ssl_error, int system_error) {
  if (ssl_error == SSL_ERROR_SYSCALL && system_error != 0) {
    throw asio::system_error(std::error_code(system_error, asio::error::get_system_category()));
  }
  throw asio::system_error(asio::error::connection_aborted, "TLS: " + take_openssl_error());
}

void expect_name(SSL* ssl, const std::string& name) {
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1) return;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set_tlsext_host_name(ssl, name.c_str()) != 1 || SSL_set1_host(ssl, name.c_str()) != 1)
    throw_tls_error(SSL_ERROR_SSL, 0);
}

}  // namespace

TlsSocket::TlsSocket(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  std::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Task<void> TlsSocket::handshake(TlsContext context, TlsRole role, std::string verified_name) {
  ssl_.reset(SSL_new(context.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) throw_tls_error(SSL_ERROR_SSL, 0);
  if (role == TlsRole::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    if (!verified_name.empty()) expect_name(ssl_.get(), verified_name);
  }
  int done = 0;
  try {
    done = co_await try_until_done(step_handshake, nullptr);
  } catch (const asio::system_error&) {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verified_name.empty() || verdict == X509_V_OK) throw;
    throw asio::system_error(asio::error::connection_aborted,
                             "certificate: " + std::string(X509_verify_cert_error_string(verdict)));
  }
  if (done == 0) throw asio::system_error(asio::error::eof);
  established_ = true;
}

Task<std::size_t> TlsSocket::read_some(char* out, std::size_t size) {
  if (!ssl_) {
    std::error_code error;
    const auto n = co_await socket_.async_read_some(asio::buffer(out, size),
                                                    asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof) co_return 0;
    if (error) throw asio::system_error(error);
    co_return n;
  }
  Piece piece{out, size};
  co_return static_cast<std::size_t>(co_await try_until_done(step_read, &piece));
}

Task<void> TlsSocket::write(BytesView bytes) {
  if (!ssl_) {
    co_await asio::async_write(socket_, asio::buffer(bytes), asio::use_awaitable);
    co_return;
  }
  // OpenSSL only reads from it.
  Piece piece{const_cast<char*>(bytes.data()),
              bytes.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  while (piece.size > 0) {
    const int written = co_await try_until_done(step_write, &piece);
    if (written == 0) throw asio::system_error(asio::error::broken_pipe);
    piece.data += written;
    piece.size -= static_cast<std::size_t>(written);
  }
}

/// Repeats an OpenSSL call until it has succeeded; 0 means that the peer has closed.
Task<int> TlsSocket::try_until_done(int (*step)(SSL*, void*), void* argument) {
  while (true) {
    if (!socket_.is_open()) throw asio::system_error(asio::error::bad_descriptor);
    ERR_clear_error();
    errno = 0;
    const int result = step(ssl_.get(), argument);
    if (result > 0) {
      co_await be_fair();
      co_return result;
    }
    const int system_error = errno;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) co_return 0;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      established_ = false;  // no good-bye after a fatal error (SSL_shutdown(3))
      throw_tls_error(error, system_error);
    }
    co_await wait_for(error);
  }
}

Task<void> TlsSocket::wait_for(int ssl_error) {
  without_wait_ = 0;
  const auto what =
      ssl_error == SSL_ERROR_WANT_READ ? asio::socket_base::wait_read : asio::socket_base::wait_write;
  co_await socket_.async_wait(what, asio::use_awaitable);
}

/// A peer that always has data ready must not keep a thread for itself.
Task<void> TlsSocket::be_fair() {
  if (++without_wait_ < operations_in_a_row_max) co_return;
  without_wait_ = 0;
  co_await asio::post(socket_.get_executor(), asio::use_awaitable);
}

void TlsSocket::cancel() {
  std::error_code ignored;
  socket_.cancel(ignored);
}

void TlsSocket::close() {
  if (!socket_.is_open()) return;
  if (established_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  std::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  socket_.close(ignored);
}

}  // namespace gridmail
