// Proposer: the other half of CASPaxos (Rystsov 2018, section 2.2), with changes of voters (section 2.3, by
// joint majorities as the design's section 5 has them).
//
// One proposal at a time. An attempt: (1) prepare with majorities of every set of voters known to matter; (2)
// take the map accepted at the highest ballot; if its voters are not among those asked, ask them too, with a
// new ballot; (3) if its voters are not those of the chosen map this began from, have exactly that map
// accepted and begin again from it; (4) else apply the change and have the result accepted, by the voters of
// both. A refusal ends the attempt; the next begins after a random pause. All ends at the deadline.
//
// Owned by the register's service; on its strand only. Callbacks are made from within the on_… functions and
// timers.
#pragma once
#include <functional>
#include <optional>

#include "gossip/register/ballot.hpp"
#include "gossip/register/chosen_map.hpp"
#include "gossip/register/map_register.hpp"
#include "gossip/register/quorum.hpp"
#include "gossip/register/register.pb.h"
#include "gossip/strand_timer.hpp"

namespace gridmail {

class Proposer {
 public:
  struct Callbacks {
    std::function<void(NodeId to, const gossip::RegisterMessage&)> send;
    /// A map was chosen by this proposer: the one it proposed, or one it carried through.
    std::function<void(const ChosenMap&)> on_chosen;
  };
  /// The chosen map that holds the change; or timed_out: it may yet be chosen by others. Or corrupted,
  /// unsupported.
  using Done = std::function<void(Result<ChosenMap>)>;

  Proposer(asio::any_io_executor strand, Clock& clock, Random& random, NodeId self,
           const RegisterSettings& settings, Callbacks callbacks);

  /// Only when not busy. `known` is the newest chosen map known here.
  void propose(ChosenMap known, MapChange change, Done done);
  [[nodiscard]] bool is_busy() const { return phase_ != Phase::idle; }
  /// A newer chosen map became known; the next attempt begins from it.
  void learn(const ChosenMap& chosen);
  /// Later ballots are above this round.
  void saw_round(std::uint64_t round) { round_ = std::max(round_, round); }
  void stop();

  void on_promise(NodeId from, const gossip::Promise& promise);
  void on_accepted(NodeId from, const gossip::Accepted& accepted);
  void on_refusal(const gossip::Refusal& refusal);

 private:
  enum class Phase { idle, preparing, accepting, pausing };
  struct Found {
    Ballot ballot;
    Bytes bytes;
  };

  void begin_attempt();
  void send_phase();
  void decide();
  void have_accepted(Map map, Bytes bytes, bool carries);
  void chosen();
  void pause();
  void finish(Result<ChosenMap> result);
  [[nodiscard]] Result<ChosenMap> newest_found() const;

  Random& random_;
  NodeId self_;
  RegisterSettings settings_;
  Callbacks callbacks_;
  StrandTimer step_timer_;
  StrandTimer deadline_timer_;
  std::uint64_t start_;
  std::uint64_t round_ = 0;

  // The proposal.
  Phase phase_ = Phase::idle;
  ChosenMap known_;
  MapChange change_;
  Done done_;
  Quorum extra_;  // demands found out on the way; forgotten once a chosen map makes them needless
  unsigned refusals_ = 0;

  // The attempt.
  Ballot ballot_;
  Quorum quorum_;
  NodeSet answered_;
  std::optional<Found> found_;
  ChosenMap target_;
  bool carries_ = false;  // target_ is another proposer's map: after it comes ours
};

}  // namespace gridmail
