#include "node/services/local_mail/local_stream.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "node/runtime/timer.hpp"

namespace gridmail {

Task<std::size_t> LocalStream::receive(char* out, std::size_t size) {
  std::error_code error;
  const auto read = co_await socket_.async_read_some(asio::buffer(out, size),
                                                     asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) co_return 0;
  if (error) throw asio::system_error(error);
  co_return read;
}

Task<std::size_t> LocalStream::send(BytesView bytes) {
  co_return co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                                       asio::use_awaitable);
}

Task<std::size_t> LocalStream::in_time(Task<std::size_t> operation) {
  if (deadline_ == TimePoint::never()) co_return co_await std::move(operation);
  const auto done = co_await before(clock_, deadline_, std::move(operation));
  if (done) co_return *done;
  close();
  throw asio::system_error(asio::error::timed_out);
}

Task<std::size_t> LocalStream::read_some(char* out, std::size_t size) {
  return in_time(receive(out, size));
}

Task<void> LocalStream::write(BytesView bytes) {
  const auto written = co_await in_time(send(bytes));
  GRIDMAIL_ASSERT(written == bytes.size());
}

Task<void> LocalStream::start_tls() {
  throw asio::system_error(asio::error::operation_not_supported);
  co_return;
}

void LocalStream::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace gridmail
