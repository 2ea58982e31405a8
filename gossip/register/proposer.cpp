#include "gossip/register/proposer.hpp"

#include "gossip/register/register_wire.hpp"
#include "node/base/log.hpp"

namespace gridmail {

Proposer::Proposer(asio::any_io_executor strand, Clock& clock, Random& random, NodeId self,
                   const RegisterSettings& settings, Callbacks callbacks)
    : random_(random),
      self_(self),
      settings_(settings),
      callbacks_(std::move(callbacks)),
      step_timer_(strand, clock),
      deadline_timer_(strand, clock),
      start_(random.u64()) {}

void Proposer::propose(ChosenMap known, MapChange change, Done done) {
  GRIDMAIL_ASSERT(!is_busy() && known.map);
  known_ = std::move(known);
  change_ = std::move(change);
  done_ = std::move(done);
  extra_ = {};
  refusals_ = 0;
  deadline_timer_.set_after(settings_.round_max,
                            [this] { finish(fail(Errc::timed_out, "no majority of the voters answered")); });
  begin_attempt();
}

void Proposer::learn(const ChosenMap& chosen) {
  if (!is_busy() || chosen.version() <= known_.version()) return;
  known_ = chosen;
  extra_ = {};
  if (phase_ == Phase::preparing) begin_attempt();
}

void Proposer::stop() {
  phase_ = Phase::idle;
  step_timer_.cancel();
  deadline_timer_.cancel();
  done_ = nullptr;
}

void Proposer::begin_attempt() {
  phase_ = Phase::preparing;
  ballot_ = {++round_, self_, start_};
  quorum_ = extra_;
  quorum_.demand_voters_of(*known_.map);
  answered_.clear();
  found_.reset();
  send_phase();
}

/// To all who have not answered; again until the phase is over, as messages get lost.
void Proposer::send_phase() {
  gossip::RegisterMessage message;
  if (phase_ == Phase::preparing) {
    write_ballot(ballot_, *message.mutable_prepare()->mutable_ballot());
    message.mutable_prepare()->set_known_digest(map_digest(known_.bytes));
  } else {
    write_ballot(ballot_, *message.mutable_accept()->mutable_ballot());
    message.mutable_accept()->set_map(target_.bytes);
  }
  step_timer_.set_after(settings_.resend_period, [this] { send_phase(); });
  for (const auto& node : quorum_.everyone()) {
    if (!answered_.contains(node)) callbacks_.send(node, message);
  }
}

void Proposer::on_promise(NodeId from, const gossip::Promise& promise) {
  if (phase_ != Phase::preparing || read_ballot(promise.ballot()) != ballot_ || answered_.contains(from))
    return;
  if (promise.has_accepted_ballot()) {
    const Ballot ballot = read_ballot(promise.accepted_ballot());
    if (!found_ || ballot > found_->ballot) {
      const bool known = promise.accepted_map().empty();
      if (known && promise.accepted_digest() != map_digest(known_.bytes))
        return;  // learnt since; it is asked again
      found_ = Found{ballot, known ? known_.bytes : promise.accepted_map()};
    }
  }
  answered_.insert(from);
  if (quorum_.is_met_by(answered_)) decide();
}

/// The accepted map of the highest ballot; the known one where voters hold nothing newer. They hold at least
/// that, unless a majority has lost its disks.
Result<ChosenMap> Proposer::newest_found() const {
  if (!found_ || found_->bytes == known_.bytes || settings_.sabotage.no_highest) return known_;
  auto map = decode_map(found_->bytes);
  if (!map) return tl::unexpected(map.error());
  if (map->version < known_.version()) {
    log(Level::error, "register.voters_forgot", {{"known", known_.version()}, {"found", map->version}});
    return known_;
  }
  return ChosenMap{std::make_shared<const Map>(std::move(*map)), found_->bytes};
}

void Proposer::decide() {
  const auto base = newest_found();
  if (!base) return finish(tl::unexpected(base.error()));
  if (!quorum_.covers_voters_of(*base->map)) {
    extra_.demand_voters_of(*base->map);
    return begin_attempt();
  }
  if (!same_voters(*base->map, *known_.map) && !settings_.sabotage.no_carry) {
    return have_accepted(*base->map, base->bytes, true);
  }

  Map next = apply(*base->map, change_);
  if (next.version == base->map->version) {
    // Nothing to change. What is not known to be chosen must be, before anybody is told that it is so.
    if (base->bytes == known_.bytes) return finish(known_);
    return have_accepted(*base->map, base->bytes, false);
  }
  if (!quorum_.covers_voters_of(next)) {
    extra_.demand_voters_of(next);
    if (!settings_.sabotage.no_joint) return begin_attempt();
    quorum_ = {};
    quorum_.demand(next.voters);
  }
  Bytes bytes = encode_map(next);
  have_accepted(std::move(next), std::move(bytes), false);
}

void Proposer::have_accepted(Map map, Bytes bytes, bool carries) {
  phase_ = Phase::accepting;
  target_ = {std::make_shared<const Map>(std::move(map)), std::move(bytes)};
  carries_ = carries;
  answered_.clear();
  send_phase();
}

void Proposer::on_accepted(NodeId from, const gossip::Accepted& accepted) {
  if (phase_ != Phase::accepting || read_ballot(accepted.ballot()) != ballot_) return;
  answered_.insert(from);
  if (quorum_.is_met_by(answered_)) chosen();
}

void Proposer::chosen() {
  const ChosenMap map = target_;
  callbacks_.on_chosen(map);
  if (phase_ != Phase::accepting) return;  // stopped from within
  if (!carries_) return finish(map);
  learn(map);
  begin_attempt();
}

void Proposer::on_refusal(const gossip::Refusal& refusal) {
  saw_round(read_ballot(refusal.promised()).round);
  const bool current = phase_ == Phase::preparing || phase_ == Phase::accepting;
  if (current && read_ballot(refusal.ballot()) == ballot_) pause();
}

/// Duelling proposers settle by waiting for unequal times.
void Proposer::pause() {
  phase_ = Phase::pausing;
  const auto doubled = settings_.back_off_min * (std::int64_t{1} << std::min(refusals_, 10U));
  const auto longest = std::min<Duration>(doubled, settings_.back_off_max);
  ++refusals_;
  const auto wait =
      Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
  step_timer_.set_after(wait, [this] { begin_attempt(); });
}

void Proposer::finish(Result<ChosenMap> result) {
  auto done = std::move(done_);
  stop();
  if (done) done(std::move(result));
}

}  // namespace gridmail
