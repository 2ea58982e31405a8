// The content of a message: DATA (RFC 5321, section 4.1.1.4) and BDAT (RFC 3030).
#include <fmt/format.h>

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "protocols/smtp/reply_mapping.hpp"
#include "protocols/smtp/session.hpp"

namespace gridmail::smtp {
namespace {

using Framing = MessageReceiver::Framing;

/// While a message comes in: few reads for most messages, little memory for many connections.
constexpr std::size_t data_buffer_bytes = 32 * 1024;
/// Who sends more than so many times what is taken is not waited for.
constexpr std::uint64_t refused_over = 2;

}  // namespace

Task<void> Session::data() {
  reply({354, "", "end data with <CR><LF>.<CR><LF>"});
  MessageReceiver receiver(state_.mode, Framing::data, services_.delivery.begin_message(),
                           services_.delivery.message_bytes_max());
  const bool arrived = co_await receive(receiver);
  if (!arrived) {
    ended_ = true;  // the client vanished, or was left: nothing is delivered
    co_return;
  }
  co_await finish(receiver);
}

TimePoint Session::content_deadline() const {
  const auto for_bytes = services_.delivery.message_bytes_max() / settings_.bytes_per_second_min;
  return services_.clock.now() + settings_.content_max + std::chrono::seconds(for_bytes);
}

Task<bool> Session::read_block(TimePoint deadline) {
  const auto left = deadline - services_.clock.now();
  if (left <= Duration::zero()) throw asio::system_error(asio::error::timed_out);
  return channel_.fill(std::min(settings_.data_timeout, left));
}

/// Reads to the end of data. False: the client finished before it, or sends without an end.
Task<bool> Session::receive(MessageReceiver& receiver) {
  auto& input = channel_.input();
  input.reserve(data_buffer_bytes);
  const auto deadline = content_deadline();
  std::uint64_t bytes = 0;
  for (;;) {
    const auto fed = receiver.feed(input.buffered());
    input.consume(fed.consumed);
    bytes += fed.consumed;
    if (fed.finished) break;
    if (receiver.refusal() && bytes > refused_over * services_.delivery.message_bytes_max()) {
      refuse_message(*state_.transaction, message_refused({Errc::too_large, {}}));
      co_return false;
    }
    const bool more = co_await read_block(deadline);
    if (!more) co_return false;
  }
  co_return true;
}

/// Whatever is wrong, a chunk is read to its end, so that nothing in it is ever taken for a command; where
/// its end is not known or far off, the connection ends.
Task<void> Session::bdat(std::string_view argument) {
  const auto chunk = parse_bdat(argument);
  if (!chunk) {
    end(chunk.error());
    co_return;
  }
  const auto bytes_max = services_.delivery.message_bytes_max();
  if (chunk->size > refused_over * bytes_max) {
    end(message_refused({Errc::too_large, {}}));
    co_return;
  }
  const auto refusal = refuse_out_of_order(state_, Verb::bdat);
  auto& transaction = state_.transaction;
  if (!refusal && !transaction->chunks) {
    const auto framing = transaction->mail().binary ? Framing::binary_chunks : Framing::chunks;
    transaction->chunks = std::make_unique<MessageReceiver>(state_.mode, framing,
                                                            services_.delivery.begin_message(), bytes_max);
  }
  const bool arrived = co_await receive_chunk(chunk->size, refusal ? nullptr : transaction->chunks.get());
  if (!arrived) {
    ended_ = true;
    co_return;
  }
  if (refusal) {
    refuse(*refusal);
    co_return;
  }
  auto receiver = std::move(transaction->chunks);
  if (chunk->last) receiver->finish();
  if (chunk->last) co_return co_await finish(*receiver);
  if (receiver->refusal()) {  // further chunks are refused for want of a transaction
    reply(*receiver->refusal());
    state_.reset();
    co_return;
  }
  transaction->chunks = std::move(receiver);
  reply({250, "2.0.0", fmt::format("{} octets received", chunk->size)});
}

/// Reads exactly `size` octets. False: the client finished before that.
Task<bool> Session::receive_chunk(std::uint64_t size, MessageReceiver* receiver) {
  auto& input = channel_.input();
  if (size > LineBuffer::capacity_small) input.reserve(data_buffer_bytes);
  const auto deadline = content_deadline();
  for (;;) {
    const auto piece = input.buffered().substr(0, static_cast<std::size_t>(size));
    if (receiver != nullptr) (void)receiver->feed(piece);
    input.consume(piece.size());
    size -= piece.size();
    if (size == 0) co_return true;
    const bool more = co_await read_block(deadline);
    if (!more) co_return false;
  }
}

}  // namespace gridmail::smtp
