#include "gossip/register/acceptor.hpp"

#include <asio/post.hpp>

#include "gossip/register/register_wire.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

// Two keys, so that a promise does not write the map again.
constexpr BytesView promised_key = "acceptor/promised";
constexpr BytesView accepted_key = "acceptor/accepted";
constexpr BytesView life_key = "acceptor/life";

void write_promise(const Ballot& ballot, Batch& batch) {
  gossip::BallotRecord record;
  write_ballot(ballot, record);
  batch.put(Family::node, Bytes(promised_key), record.SerializeAsString());
}

void write_accepted(const Ballot& ballot, const Bytes& map, Batch& batch) {
  gossip::AcceptedState state;
  write_ballot(ballot, *state.mutable_ballot());
  state.set_map(map);
  batch.put(Family::node, Bytes(accepted_key), state.SerializeAsString());
}

}  // namespace

Task<Result<void>> Acceptor::load() {
  const auto snapshot = store_.snapshot();
  auto promised = co_await snapshot->get(Family::node, Bytes(promised_key));
  if (!promised) co_return tl::unexpected(promised.error());
  auto accepted = co_await snapshot->get(Family::node, Bytes(accepted_key));
  if (!accepted) co_return tl::unexpected(accepted.error());
  if (*promised) {
    gossip::BallotRecord record;
    if (!record.ParseFromString(**promised))
      co_return fail(Errc::corrupted, "the acceptor's promise cannot be read");
    promised_ = read_ballot(record);
  }
  if (*accepted) {
    gossip::AcceptedState state;
    if (!state.ParseFromString(**accepted))
      co_return fail(Errc::corrupted, "the acceptor's state cannot be read");
    auto map = decode_map(state.map());
    if (!map) co_return tl::unexpected(map.error());
    kept_ = read_ballot(state.ballot());
    set_accepted(kept_, std::move(*state.mutable_map()), std::move(*map));
  }
  const auto life = co_await snapshot->get(Family::node, Bytes(life_key));
  if (!life) co_return tl::unexpected(life.error());
  if (*life && (*life)->size() != 8) co_return fail(Errc::corrupted, "the acceptor's life cannot be read");
  if (*life) life_ = read_be64(**life);
  co_return Result<void>();
}

void Acceptor::begin_life(std::uint64_t life, std::function<void()> done) {
  Bytes value;
  append_be64(value, life);
  Batch batch;
  batch.put(Family::node, Bytes(life_key), std::move(value));
  store_.commit(std::move(batch), [strand = strand_, weak = weak_from_this(), life,
                                   done = std::move(done)](const Result<void>& kept) {
    if (!kept) return log(Level::error, "register.acceptor_cannot_write", {{"error", kept.error().text}});
    asio::post(strand, [weak, life, done] {
      const auto self = weak.lock();
      if (!self) return;
      self->life_ = life;
      done();
    });
  });
}

Batch Acceptor::begin_with(const Map& map) {
  Bytes bytes = encode_map(map);
  Batch batch;
  kept_ = std::max(accepted_, promised_);
  write_accepted(kept_, bytes, batch);
  set_accepted(kept_, std::move(bytes), map);
  return batch;
}

// A ballot equal to the promised one is a message sent again. Its answer waits for a write too, as the first
// one's may still be under way.
void Acceptor::prepare(const gossip::Prepare& prepare, Answer answer) {
  const Ballot ballot = read_ballot(prepare.ballot());
  if (refuse(ballot, answer)) return;
  promised_ = ballot;
  gossip::RegisterMessage message;
  auto& promise = *message.mutable_promise();
  write_ballot(ballot, *promise.mutable_ballot());
  if (!accepted_bytes_.empty()) {
    write_ballot(accepted_, *promise.mutable_accepted_ballot());
    promise.set_accepted_digest(map_digest(accepted_bytes_));
    if (promise.accepted_digest() != prepare.known_digest()) promise.set_accepted_map(accepted_bytes_);
  }
  answer_once_kept(std::move(message), std::move(answer));
}

void Acceptor::accept(const gossip::Accept& accept, Answer answer) {
  const Ballot ballot = read_ballot(accept.ballot());
  if (refuse(ballot, answer)) return;
  if (accepted_ != ballot) {
    auto map = decode_map(accept.map());
    if (!map) {
      // Silence rather than a vote for what this program cannot read.
      log(Level::error, "register.unreadable_map", {{"error", map.error().text}});
      return;
    }
    promised_ = ballot;
    set_accepted(ballot, accept.map(), std::move(*map));
  }
  gossip::RegisterMessage message;
  write_ballot(ballot, *message.mutable_accepted()->mutable_ballot());
  answer_once_kept(std::move(message), std::move(answer));
}

/// The accepted map goes with every write until one of them is known to have succeeded: a write may fail for
/// want of space, and no later answer may rest on it.
void Acceptor::answer_once_kept(gossip::RegisterMessage message, Answer answer) {
  Batch batch;
  write_promise(promised_, batch);
  if (kept_ != accepted_) write_accepted(accepted_, accepted_bytes_, batch);
  auto said =
      std::make_shared<std::pair<gossip::RegisterMessage, Answer>>(std::move(message), std::move(answer));
  if (sabotage_.early_answer) said->second(std::move(said->first));
  store_.commit(std::move(batch), [strand = strand_, weak = weak_from_this(), said,
                                   kept = accepted_](Result<void> done) {
    if (!done) return log(Level::error, "register.acceptor_cannot_write", {{"error", done.error().text}});
    asio::post(strand, [weak, said, kept] {
      const auto self = weak.lock();
      if (!self) return;
      self->kept_ = kept;
      if (!self->sabotage_.early_answer) said->second(std::move(said->first));
    });
  });
}

bool Acceptor::refuse(const Ballot& ballot, const Answer& answer) const {
  if (ballot >= promised_ || sabotage_.old_ballots) return false;
  gossip::RegisterMessage message;
  write_ballot(ballot, *message.mutable_refusal()->mutable_ballot());
  write_ballot(promised_, *message.mutable_refusal()->mutable_promised());
  answer(std::move(message));
  return true;
}

void Acceptor::set_accepted(Ballot ballot, Bytes bytes, Map map) {
  accepted_ = ballot;
  accepted_bytes_ = std::move(bytes);
  auto shared = std::make_shared<const Map>(std::move(map));
  const std::scoped_lock lock(mutex_);
  accepted_map_ = std::move(shared);
}

MapPtr Acceptor::accepted_map() const {
  const std::scoped_lock lock(mutex_);
  return accepted_map_;
}

}  // namespace gridmail
