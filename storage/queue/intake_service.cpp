#include "storage/queue/intake_service.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

/// Asked at once, so that one dead node costs nothing (design, section 3, intake).
constexpr std::size_t asked_at_once = 2;
/// Then two others are asked.
constexpr Duration ask_more_after = std::chrono::milliseconds(400);
constexpr Duration repeat_after = std::chrono::milliseconds(100);
/// Of those that are only slow: bytes sent again make them no faster.
constexpr Duration repeat_slow_after = std::chrono::milliseconds(500);
constexpr std::uint64_t body_bytes_in_memory_max = 128ULL << 20;

Result<std::vector<Bytes>> chunks_of(const MessageBody& body) {
  std::vector<Bytes> chunks;
  for (std::uint64_t offset = 0; offset < body.size(); offset += queue_chunk_bytes) {
    const auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(queue_chunk_bytes, body.size() - offset));
    auto chunk = body.read(offset, length);
    if (!chunk) return tl::unexpected(chunk.error());
    chunks.push_back(std::move(*chunk));
  }
  return chunks;
}

}  // namespace

/// What became of this node's own copy of a record that is being taken in.
struct IntakeService::OwnWrite {
  std::shared_ptr<Event> written;
  std::optional<Result<void>> result;
  bool given_up = false;  ///< to be dropped again as soon as it is written
};

IntakeService::IntakeService(Ports ports)
    : ports_(std::move(ports)),
      strand_(asio::make_strand(ports_.executor)),
      journal_(ports_.store),
      body_bytes_(body_bytes_in_memory_max),
      wake_(std::make_shared<Event>(strand_)) {}

Task<Result<void>> IntakeService::start() {
  return asio::co_spawn(strand_, recover(), asio::use_awaitable);
}

Task<Result<void>> IntakeService::recover() {
  const auto records = co_await journal_.recover();
  if (!records) co_return tl::unexpected(records.error());
  for (const auto& record : *records) {
    const auto id = IntakeId::from_bytes(record.id());
    if (!id) co_return fail(Errc::corrupted, "an intake record without an id");
    Held held;
    held.peer = NodeId::from_bytes(record.peer());
    held.second = record.second();
    held.accepted = record.message().accepted();
    hold(*id, held);
  }
  recovered_ = true;
  if (!records->empty()) log(Level::info, "intake.recovered", {{"records", records->size()}});
  tasks_.spawn(strand_, "run", run());
  co_return Result<void>{};
}

Task<void> IntakeService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<Result<void>> IntakeService::accept(queue::Message message, std::vector<queue::Recipient> recipients,
                                         std::optional<QueueEntryId> entry, const MessageBody& body,
                                         IntakePatience patience) {
  auto chunks = chunks_of(body);
  if (!chunks) co_return tl::unexpected(chunks.error());
  queue::IntakeRecord record;
  record.set_id(draw_id<IntakeId>(ports_.random).bytes());
  *record.mutable_message() = std::move(message);
  for (auto& recipient : recipients) *record.add_recipients() = std::move(recipient);
  if (entry) record.set_entry(entry->bytes());
  record.set_chunks(static_cast<std::uint32_t>(chunks->size()));
  co_return co_await asio::co_spawn(strand_, take_in(std::move(record), std::move(*chunks), patience),
                                    asio::use_awaitable);
}

Task<Result<void>> IntakeService::take_in(queue::IntakeRecord record, std::vector<Bytes> chunks,
                                          IntakePatience patience) {
  if (!recovered_) co_return fail(Errc::unavailable, "the intake journal is still being read");
  if (is_full(ports_.self)) co_return fail(Errc::no_space, "the disk is at its reserve");
  const auto map = ports_.slots.map();
  const bool may_be_alone = map && map->settings.copies_min <= 1;
  if (!may_be_alone && candidates(std::nullopt).empty())
    co_return fail(Errc::unavailable, "no other node to keep the message");
  const auto id = *IntakeId::from_bytes(record.id());
  queue::IntakeRecord theirs = record;
  theirs.set_peer(ports_.self.bytes());
  theirs.set_second(true);
  const auto offer = std::make_shared<IntakeOffer>(ports_.network, strand_, id, theirs, chunks);
  offers_[id] = offer;
  const auto own = std::make_shared<OwnWrite>();
  own->written = std::make_shared<Event>(strand_);
  tasks_.spawn(strand_, "write_own", write_own(record, std::move(chunks), own, offer));
  std::optional<NodeId> taker;
  try {
    taker = co_await find_taker(offer, std::nullopt, patience);
    if (taker || may_be_alone) co_await before(ports_.clock, patience.slow, own->written);
  } catch (...) {  // the client is gone: nothing was promised
    give_up(id, *offer, *own);
    throw;
  }
  if ((!taker && !may_be_alone) || !own->result || !*own->result) {
    const auto own_failed = own->result && !*own->result;
    give_up(id, *offer, *own);
    if (own_failed) co_return *own->result;
    co_return fail(Errc::unavailable, "no other node stored the message in time");
  }
  offers_.erase(id);
  if (!taker) log(Level::warn, "intake.one_copy", {{"id", record.message().trace()}, {"record", id.hex()}});
  for (const auto& node : offer->asked()) {
    if (taker && node != *taker) tell_drop(node, id, true);
  }
  Held held;
  held.peer = taker;
  held.accepted = record.message().accepted();
  hold(id, held);
  co_return Result<void>{};
}

Task<void> IntakeService::write_own(queue::IntakeRecord record, std::vector<Bytes> chunks,
                                    std::shared_ptr<OwnWrite> outcome, OfferPtr offer) {
  const auto id = *IntakeId::from_bytes(record.id());
  outcome->result = co_await journal_.put(std::move(record), std::move(chunks));
  if (!*outcome->result) offer->withdraw();
  outcome->written->set();
  if (!outcome->given_up) co_return;
  if (const auto dropped = co_await journal_.drop(id); !dropped) {
    log(Level::warn, "intake.drop_failed", {{"record", id.hex()}, {"error", dropped.error().text}});
  }
}

/// The promise was not given, so nobody may deliver it: the sender will come again with a new message.
void IntakeService::give_up(IntakeId id, const IntakeOffer& offer, OwnWrite& own) {
  own.given_up = true;
  offers_.erase(id);
  remember_finished(id);
  for (const auto& node : offer.asked()) tell_drop(node, id);
  if (own.result) tasks_.spawn(strand_, "drop", drop(id));  // otherwise write_own drops it
}

Task<std::optional<NodeId>> IntakeService::find_taker(OfferPtr offer, std::optional<NodeId> excluded,
                                                      IntakePatience patience) {
  const auto nodes = candidates(excluded);
  std::size_t asked = 0;
  auto ask_more_at = ports_.clock.now();
  while (!offer->stored_by()) {
    const auto now = ports_.clock.now();
    if (offer->is_withdrawn() || is_over(patience, nodes)) co_return std::nullopt;
    if (now >= ask_more_at) {
      const auto end = std::min(nodes.size(), asked + asked_at_once);
      for (; asked < end; ++asked) offer->ask(nodes[asked]);
      ask_more_at = now + ask_more_after;
    } else {
      offer->repeat();
    }
    const auto next = now < patience.silent ? std::min(patience.silent, now + repeat_after)
                                            : std::min(patience.slow, now + repeat_slow_after);
    co_await before(ports_.clock, next, offer->changed());
  }
  co_return offer->stored_by();
}

bool IntakeService::is_over(const IntakePatience& patience, const std::vector<NodeId>& nodes) const {
  const auto now = ports_.clock.now();
  return now >= patience.slow ||
         (now >= patience.silent &&
          std::none_of(nodes.begin(), nodes.end(), [this](NodeId node) { return can_take(node); }));
}

/// The other members, in the order in which to ask them: those that seem alive first, otherwise by chance.
/// Those whose disks are full come last: they take nothing.
std::vector<NodeId> IntakeService::candidates(std::optional<NodeId> excluded) {
  std::vector<NodeId> nodes;
  const auto map = ports_.slots.map();
  if (!map) return nodes;  // just started
  for (const auto& member : map->members) {
    if (member.id != ports_.self && member.id != excluded) nodes.push_back(member.id);
  }
  for (std::size_t i = nodes.size(); i > 1; --i) std::swap(nodes[i - 1], nodes[ports_.random.below(i)]);
  std::stable_partition(nodes.begin(), nodes.end(),
                        [this](const NodeId& node) { return ports_.alive(node); });
  std::stable_partition(nodes.begin(), nodes.end(), [this](const NodeId& node) { return !is_full(node); });
  return nodes;
}

}  // namespace gridmail
