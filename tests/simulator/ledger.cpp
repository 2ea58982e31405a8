#include "tests/simulator/ledger.hpp"

namespace gridmail::sim {
namespace {

Bytes number_bytes(std::uint64_t number) {
  Bytes bytes;
  append_be64(bytes, number);
  return bytes;
}
Bytes counter_key(SlotId slot) {
  return slot_key(slot, 'c', {});
}

}  // namespace

Bytes append_request(Guid guid) {
  return "A" + guid.bytes();
}
Bytes read_request() {
  return "R";
}
Bytes entry_key(SlotId slot, std::uint64_t number) {
  return slot_key(slot, 'e', number_bytes(number));
}
Bytes guid_key(SlotId slot, Guid guid) {
  return slot_key(slot, 'g', guid.view());
}

std::map<std::uint64_t, Guid> read_answer(BytesView answer) {
  std::map<std::uint64_t, Guid> entries;
  for (std::size_t at = 0; at + 24 <= answer.size(); at += 24) {
    entries.emplace(read_be64(answer, at), *Guid::from_bytes(answer.substr(at + 8, 16)));
  }
  return entries;
}

Task<Result<Bytes>> LedgerService::handle(SlotAccessPtr slot, NodeId, Bytes request) {
  if (request[0] == 'R') co_return co_await read(std::move(slot));
  const auto guid = Guid::from_bytes(BytesView(request).substr(1));
  if (!guid) co_return fail(Errc::invalid);
  const auto writing = writing_.find(slot->slot());
  if (writing != writing_.end() && writing->second == slot->epoch()) co_return fail(Errc::busy);
  const SlotId id = slot->slot();
  const Epoch epoch = slot->epoch();
  writing_[id] = epoch;
  auto result = co_await append(std::move(slot), *guid);
  const auto mine = writing_.find(id);
  if (mine != writing_.end() && mine->second == epoch) writing_.erase(mine);
  co_return result;
}

Task<Result<Bytes>> LedgerService::append(SlotAccessPtr slot, Guid guid) {
  OperationBuilder builder(slot->snapshot());
  const SlotId id = slot->slot();
  const auto taken = co_await builder.get(Family::meta, guid_key(id, guid));
  if (!taken) co_return tl::unexpected(taken.error());
  if (*taken) {
    const auto may = slot->may_answer();
    if (!may) co_return tl::unexpected(may.error());
    co_return **taken;
  }
  const auto counter = co_await builder.get(Family::meta, counter_key(id));
  if (!counter) co_return tl::unexpected(counter.error());
  const std::uint64_t number = *counter ? read_be64(**counter) + 1 : 1;
  (void)co_await builder.put(Family::meta, counter_key(id), number_bytes(number));
  (void)co_await builder.put(Family::meta, entry_key(id, number), guid.bytes());
  (void)co_await builder.put(Family::meta, guid_key(id, guid), number_bytes(number));
  builder.put_fresh(Family::body, entry_key(id, number), Bytes(64, static_cast<char>(number)));
  const auto committed = co_await slot->commit(builder.take());
  if (!committed) co_return tl::unexpected(committed.error());
  on_commit_(id, slot->epoch(), number, guid);
  co_return number_bytes(number);
}

Task<Result<Bytes>> LedgerService::read(SlotAccessPtr slot) {
  const auto view = slot->snapshot();
  Bytes first = entry_key(slot->slot(), 0);
  const Bytes last = slot_key(slot->slot(), 'e' + 1, {});
  Bytes answer;
  for (bool more = true; more;) {
    const auto page = co_await view->scan(Family::meta, first, last, 100, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      answer += pair.key.substr(5) + pair.value;
      first = pair.key + '\0';
    }
    more = page->more;
  }
  const auto may = slot->may_answer();
  if (!may) co_return tl::unexpected(may.error());
  co_return answer;
}

}  // namespace gridmail::sim
