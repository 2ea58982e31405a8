// Acceptor: a voter's half of CASPaxos (Rystsov 2018, section 2.2). What it promised and accepted is on disk
// before it says so, and is kept for ever, also by a voter that was put out.
//
// Owned by the register's service and touched on its strand only. Answers come later, on that strand; none
// comes once the store has failed: a voter that cannot remember must not vote.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "gossip/register/ballot.hpp"
#include "gossip/register/map.hpp"
#include "gossip/register/register.pb.h"
#include "node/base/store.hpp"

namespace gridmail {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  using Answer = std::function<void(gossip::RegisterMessage)>;

  Acceptor(asio::any_io_executor strand, Store& store) : strand_(std::move(strand)), store_(store) {}

  /// Reads what was kept. Errors: io, corrupted, unsupported.
  [[nodiscard]] Task<Result<void>> load();
  /// The writes that make `map` accepted at the lowest ballot: how a grid begins. Takes effect at once.
  [[nodiscard]] Batch begin_with(const Map& map);

  void prepare(const gossip::Prepare& prepare, Answer answer);
  void accept(const gossip::Accept& accept, Answer answer);

  /// The newest map accepted, null when none. Thread-safe.
  [[nodiscard]] MapPtr accepted_map() const;
  /// A proposer that begins above it is not refused here.
  [[nodiscard]] std::uint64_t promised_round() const { return promised_.round; }

 private:
  void answer_once_kept(gossip::RegisterMessage message, Answer answer);
  [[nodiscard]] bool refuse(const Ballot& ballot, const Answer& answer) const;
  void set_accepted(Ballot ballot, Bytes bytes, Map map);

  asio::any_io_executor strand_;
  Store& store_;
  Ballot promised_;
  Ballot accepted_;
  Bytes accepted_bytes_;  // empty: nothing accepted yet
  Ballot kept_;           // the accepted ballot that is known to be on disk
  mutable std::mutex mutex_;
  MapPtr accepted_map_;  // guarded by mutex_
};

}  // namespace gridmail
