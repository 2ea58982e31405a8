#include "storage/queue/queue_client.hpp"

#include <algorithm>

#include "storage/directory/record_codec.hpp"

namespace gridmail {
namespace {

/// Leaves room for keys within operation_bytes_max.
constexpr std::size_t inline_request_bytes_max = 900 * 1024;
/// A slot without a primary finds one, or comes back, in this time.
constexpr Duration settling_max = std::chrono::minutes(2);

}  // namespace

Task<Result<void>> QueueClient::submit(QueueEntryId id, const queue::Message& message,
                                       const std::vector<queue::Recipient>& recipients,
                                       const MessageBody& body, SlotClient::Options options) {
  queue::Request request;
  auto& submit = *request.mutable_submit();
  submit.set_entry(id.bytes());
  *submit.mutable_message() = message;
  for (const auto& recipient : recipients) *submit.add_recipients() = recipient;
  if (body.size() <= queue_chunk_bytes && request.ByteSizeLong() + body.size() <= inline_request_bytes_max) {
    auto bytes = body.read(0, static_cast<std::size_t>(body.size()));
    if (!bytes) co_return tl::unexpected(bytes.error());
    if (!bytes->empty()) submit.add_chunks(std::move(*bytes));
  } else if (auto staged = co_await stage(id, body, options); !staged) {
    co_return staged;
  }
  co_return co_await ask(id, std::move(request), options);
}

Task<Result<void>> QueueClient::retry(QueueEntryId id, SlotClient::Options options) {
  queue::Request request;
  request.mutable_retry()->set_entry(id.bytes());
  return ask(id, std::move(request), options);
}

Task<Result<void>> QueueClient::remove(QueueEntryId id, SlotClient::Options options) {
  queue::Request request;
  request.mutable_remove()->set_entry(id.bytes());
  return ask(id, std::move(request), options);
}

Task<Result<void>> QueueClient::hold(QueueEntryId id, bool held, SlotClient::Options options) {
  queue::Request request;
  request.mutable_hold()->set_entry(id.bytes());
  request.mutable_hold()->set_held(held);
  return ask(id, std::move(request), options);
}

Task<Result<void>> QueueClient::settle(QueueEntryId id, std::uint32_t parcel,
                                       std::vector<queue::Outcome> outcomes) {
  queue::Request request;
  auto& settle = *request.mutable_settle();
  settle.set_entry(id.bytes());
  settle.set_parcel(parcel);
  for (auto& outcome : outcomes) *settle.add_outcomes() = std::move(outcome);
  SlotClient::Options options;
  options.wait_max = settling_max;
  return ask(id, std::move(request), options);
}

Task<Result<queue::Fetched>> QueueClient::fetch(QueueEntryId id, std::uint32_t parcel, WallMicros at,
                                                std::uint32_t chunk) {
  queue::Request request;
  auto& fetch = *request.mutable_fetch();
  fetch.set_entry(id.bytes());
  fetch.set_parcel(parcel);
  fetch.set_at(at);
  fetch.set_chunk(chunk);
  const auto slot = slot_of(id);
  const auto answer = co_await slots_.call(slot, ServiceId::queue, request.SerializeAsString());
  if (!answer) co_return tl::unexpected(answer.error());
  co_return decode_record<queue::Fetched>(*answer);
}

Task<Result<void>> QueueClient::ask_to_finish(QueueEntryId id, std::uint32_t parcel, WallMicros at) {
  queue::Request request;
  auto& finish = *request.mutable_finish();
  finish.set_entry(id.bytes());
  finish.set_parcel(parcel);
  finish.set_at(at);
  return ask(id, std::move(request), {});
}

std::optional<NodeId> QueueClient::primary_of(QueueEntryId id) const {
  const auto map = slots_.map();
  const auto slot = slot_of(id);
  if (!map || slot >= map->rows.size()) return std::nullopt;
  return map->rows[slot].primary;
}

Task<Result<void>> QueueClient::ask(QueueEntryId id, queue::Request request, SlotClient::Options options) {
  const auto slot = slot_of(id);
  const auto answer = co_await slots_.call(slot, ServiceId::queue, request.SerializeAsString(), options);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return Result<void>{};
}

Task<Result<void>> QueueClient::stage(QueueEntryId id, const MessageBody& body, SlotClient::Options options) {
  const auto slot = slot_of(id);
  const auto count = queue_chunk_count(body.size());
  for (std::uint32_t index = 0; index < count; ++index) {
    const std::uint64_t offset = std::uint64_t{index} * queue_chunk_bytes;
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(queue_chunk_bytes, body.size() - offset));
    auto content = body.read(offset, length);
    if (!content) co_return tl::unexpected(content.error());
    queue::Request request;
    auto& chunk = *request.mutable_stage_chunk();
    chunk.set_entry(id.bytes());
    chunk.set_index(index);
    chunk.set_count(count);
    chunk.set_content(std::move(*content));
    const auto answer = co_await slots_.call(slot, ServiceId::queue, request.SerializeAsString(), options);
    if (!answer) co_return tl::unexpected(answer.error());
  }
  co_return Result<void>{};
}

Task<Result<queue::Listing>> QueueClient::list(SlotId slot, queue::List what, SlotClient::Options options) {
  queue::Request request;
  *request.mutable_list() = std::move(what);
  const auto answer = co_await slots_.call(slot, ServiceId::queue, request.SerializeAsString(), options);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return decode_record<queue::Listing>(*answer);
}

Task<Result<queue::Acted>> QueueClient::act(SlotId slot, queue::Act what, SlotClient::Options options) {
  queue::Request request;
  *request.mutable_act() = std::move(what);
  const auto answer = co_await slots_.call(slot, ServiceId::queue, request.SerializeAsString(), options);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return decode_record<queue::Acted>(*answer);
}

}  // namespace gridmail
