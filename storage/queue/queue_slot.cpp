#include "storage/queue/queue_slot.hpp"

namespace gridmail {

Task<Result<void>> QueueSlot::change(Write write) {
  const auto lock = co_await changing_.lock();
  OperationBuilder builder(access->snapshot());
  QueueChange change(builder, access->slot(), clock_.wall());
  if (auto written = co_await write(change); !written) co_return written;
  if (builder.bytes() > operation_bytes_max) co_return fail(Errc::too_large, "a queue entry over the limit");
  auto operation = builder.take();
  if (operation.empty()) co_return access->may_answer();
  co_return co_await access->commit(std::move(operation));
}

Task<Result<Bytes>> QueueSlot::read_body(QueueEntryId id, std::uint32_t chunks) {
  const auto snapshot = access->snapshot();
  Bytes body;
  for (std::uint32_t index = 0; index < chunks; ++index) {
    auto chunk = co_await snapshot->get(Family::body, keys.chunk(id, index));
    if (!chunk) co_return tl::unexpected(chunk.error());
    if (!*chunk) co_return fail(Errc::corrupted, "queue entry " + id.hex() + " lacks a chunk");
    body += **chunk;
  }
  co_return body;
}

bool QueueSlot::is_over() const {
  const auto may = access->may_answer();
  return !may && may.error().code == Errc::not_primary;
}

}  // namespace gridmail
