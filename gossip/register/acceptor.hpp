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
#include "gossip/register/map_register.hpp"
#include "gossip/register/register.pb.h"
#include "node/base/store.hpp"

namespace gridmail {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  using Answer = std::function<void(gossip::RegisterMessage)>;

  Acceptor(asio::any_io_executor strand, Store& store, RegisterFaults sabotage)
      : strand_(std::move(strand)), store_(store), sabotage_(sabotage) {}

  /// Reads what was kept. Errors: io, corrupted, unsupported.
  [[nodiscard]] Task<Result<void>> load();
  /// The writes that make `map` accepted at the highest ballot known here, in a new grid the lowest of all:
  /// how a grid begins, also anew. Takes effect at once.
  [[nodiscard]] Batch begin_with(const Map& map);

  void prepare(const gossip::Prepare& prepare, Answer answer);
  void accept(const gossip::Accept& accept, Answer answer);

  /// The life of the disk (gossip/disk_marks.hpp) in which it votes; it has forgotten votes when the disk is
  /// in a later one.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  /// Nothing rests on what was forgotten any more. `done` comes on the strand once it is on disk.
  void begin_life(std::uint64_t life, std::function<void()> done);

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
  RegisterFaults sabotage_;
  Ballot promised_;
  Ballot accepted_;
  Bytes accepted_bytes_;  // empty: nothing accepted yet
  std::uint64_t life_ = 0;
  Ballot kept_;  // the accepted ballot that is known to be on disk
  mutable std::mutex mutex_;
  MapPtr accepted_map_;  // guarded by mutex_
};

}  // namespace gridmail
