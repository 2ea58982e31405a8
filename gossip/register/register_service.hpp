// RegisterService: what MapRegister runs on its strand. It joins the parts: the acceptor, the proposer with
// the batch it works off, this node's own requests, and the chosen map with its push and fetch.
#pragma once
#include <mutex>
#include <set>

#include "gossip/register/acceptor.hpp"
#include "gossip/register/change_batch.hpp"
#include "gossip/register/change_requests.hpp"
#include "gossip/register/chosen_map.hpp"
#include "gossip/register/proposer.hpp"
#include "gossip/register/voter_fitness.hpp"

namespace gridmail {

class RegisterService : public std::enable_shared_from_this<RegisterService> {
 public:
  RegisterService(asio::any_io_executor strand, Clock& clock, Random& random, Network& network, Store& store,
                  const DiskMarks& marks, NodeId self, MapRegister::Callbacks callbacks,
                  RegisterSettings settings);

  // Before start(), by one caller.
  [[nodiscard]] Task<Result<void>> load();
  [[nodiscard]] Task<Result<void>> create(Map map);
  [[nodiscard]] Task<Result<void>> adopt(Map map);

  // On the strand.
  void start();
  void stop();
  void propose(MapChange change, MapRegister::Done done);
  void on_message(NodeId from, const Bytes& payload);
  void fetch_from(NodeId node);

  // From any thread.
  [[nodiscard]] MapPtr current() const;
  [[nodiscard]] MapPtr accepted() const { return acceptor_->accepted_map(); }

 private:
  void send(NodeId to, const gossip::RegisterMessage& message);
  void dispatch(NodeId from, const gossip::RegisterMessage& message);
  [[nodiscard]] Acceptor::Answer answer_to(NodeId node);
  [[nodiscard]] bool is_locked_out(NodeId node) const;
  [[nodiscard]] bool may_vote() const {
    return settings_.sabotage.no_marks || fitness_.may_vote(newest_.map.get(), *acceptor_);
  }

  void on_request(NodeId from, const gossip::ChangeRequest& request);
  void on_fetch(NodeId from, const gossip::Fetch& fetch);
  void on_push(NodeId from, const gossip::Push& push);
  void on_delta(NodeId from, const gossip::MapDelta& delta);

  void add_to_batch(MapChange change, ChangeBatch::Answer answer);
  void run_batch();
  void on_chosen(const ChosenMap& chosen);
  void take_in(ChosenMap chosen);
  void write_newest();
  void written(const ChosenMap& chosen);
  void set_current(ChosenMap chosen);
  void tick();
  void keep_in_shape();
  void mend_voter();

  asio::any_io_executor strand_;
  Clock& clock_;
  Random& random_;
  Network& network_;
  Store& store_;
  NodeId self_;
  MapRegister::Callbacks callbacks_;
  RegisterSettings settings_;
  bool running_ = false;

  std::shared_ptr<Acceptor> acceptor_;
  VoterFitness fitness_;
  Proposer proposer_;
  ChangeBatch batch_;
  ChangeRequests requests_;
  std::set<std::pair<NodeId, std::uint64_t>> being_agreed_;  // others' requests in the batch or the round
  StrandTimer batch_timer_;
  StrandTimer tick_timer_;
  bool plan_under_way_ = false;
  bool mending_ = false;
  bool told_old_disk_ = false;
  std::size_t map_writes_ = 0;  // under way

  ChosenMap newest_;  // known to be chosen; its write may be under way
  mutable std::mutex mutex_;
  MapPtr current_;  // on disk; guarded by mutex_
};

}  // namespace gridmail
