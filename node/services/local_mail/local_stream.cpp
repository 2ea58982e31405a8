#include "node/services/local_mail/local_stream.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "node/runtime/stream_deadline.hpp"

namespace gridmail {

struct LocalStream::State final : StreamDeadline {
  State(asio::local::stream_protocol::socket s, Clock& clock)
      : StreamDeadline(s.get_executor(), clock), socket(std::move(s)) {}
  void close() override {
    std::error_code ignored;
    socket.close(ignored);
  }
  void cancel() override {
    std::error_code ignored;
    socket.cancel(ignored);
  }

  asio::local::stream_protocol::socket socket;
};

LocalStream::LocalStream(asio::local::stream_protocol::socket socket, Clock& clock)
    : state_(std::make_shared<State>(std::move(socket), clock)) {}

LocalStream::~LocalStream() {
  state_->stop();
}

Task<std::size_t> LocalStream::read_some(char* out, std::size_t size) {
  const StreamDeadline::Operation operation(*state_);
  try {
    std::error_code error;
    const auto read = co_await state_->socket.async_read_some(
        asio::buffer(out, size), asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::eof) co_return 0;
    if (error) throw asio::system_error(error);
    co_return read;
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> LocalStream::write(BytesView bytes) {
  const StreamDeadline::Operation operation(*state_);
  try {
    co_await asio::async_write(state_->socket, asio::buffer(bytes.data(), bytes.size()), asio::use_awaitable);
  } catch (const asio::system_error&) {
    operation.failed();
  }
}

Task<void> LocalStream::start_tls() {
  throw asio::system_error(asio::error::operation_not_supported);
  co_return;
}

void LocalStream::expires_at(TimePoint when) {
  state_->expires_at(when);
}

void LocalStream::close() {
  state_->stop();
  state_->close();
}

}  // namespace gridmail
