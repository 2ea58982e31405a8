#include "node/grid/canary_service.hpp"

namespace gridmail {

Task<Result<Bytes>> CanaryService::handle(SlotAccessPtr slot, NodeId from, Bytes request) {
  // A key per asking node: two writers never touch the same one at once.
  const Bytes key = slot_key(slot->slot(), 'y', from.view());
  if (request.starts_with('W')) {
    OperationBuilder builder(slot->snapshot());
    const auto put = co_await builder.put(Family::meta, key, request.substr(1));
    if (!put) co_return tl::unexpected(put.error());
    const auto committed = co_await slot->commit(builder.take());
    if (!committed) co_return tl::unexpected(committed.error());
    co_return Bytes();
  }
  const auto stored = co_await slot->snapshot()->get(Family::meta, key);
  if (!stored) co_return tl::unexpected(stored.error());
  const auto may = slot->may_answer();
  if (!may) co_return tl::unexpected(may.error());
  co_return stored->value_or(Bytes());
}

}  // namespace gridmail
