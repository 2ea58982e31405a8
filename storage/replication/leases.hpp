// Leases between node pairs (design, section 5; Gray and Cheriton, 1989): a primary answers reads only under
// a lease from every other copy; a copy serves no other primary until the leases it gave have run out. They
// also are the sign of life that failover goes by.
#pragma once
#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "gossip/disk_marks.hpp"
#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "storage/replication/replication.pb.h"
#include "storage/replication/signs_of_life.hpp"

namespace gridmail {

struct LeaseSettings {
  Duration renewal = std::chrono::milliseconds(400);
  Duration held = std::chrono::seconds(2);  ///< by the holder, from its request
  Duration promised =
      std::chrono::seconds(3);  ///< by the giver, from its grant; over `held` by any clock drift
};

/// All leases of one node, held and given. Thread-safe: slots on any strand ask it; it never waits and calls
/// nothing back under its lock. Lifecycle: start() … stop(); messages may arrive before and after.
class Leases {
 public:
  /// What it needs to know of the rest of the node; all thread-safe.
  struct Surroundings {
    std::function<MapPtr()> map;                   ///< the newest map taken in
    std::function<MapVersion()> accepted_version;  ///< of this node's acceptor
    std::function<bool()> working;         ///< false: group commit stalls, so no leases (alive means working)
    std::function<bool()> low_space = {};  ///< the disk's reserve is reached: told with each grant
  };
  Leases(NodeId self, asio::any_io_executor executor, Clock& clock, Network& network, DiskMarks& marks,
         LeaseSettings settings, Surroundings surroundings);

  /// Asks every member for leases, again and again. The mark of this start rises with every start: the first
  /// request tells the givers that whatever an earlier life held is no longer held. With the requests go the
  /// marks of both disks; none is granted to a node whose mark is not remembered here.
  void start();
  void stop();
  void on_message(NodeId from, BytesView payload);

  /// A lease asked with the opening of an epoch, for that slot and epoch alone, so that nobody waits for the
  /// next renewal.
  struct Asked {
    TimePoint at;                   ///< by the asker's clock
    std::uint64_t incarnation = 0;  ///< of the asker
  };
  /// What an opening says; whoever answers it says the same again.
  [[nodiscard]] Asked ask_with_opening();
  /// Whether this node, that has taken in the row with that epoch, is bound from now on as by any other
  /// lease.
  [[nodiscard]] bool lend(NodeId holder, std::uint64_t incarnation);
  /// By whom an opening was answered with a lease.
  using Lent = std::map<NodeId, Asked>;

  /// Whether all of `givers` are bound by a lease that covers an epoch which began in map version `since`,
  /// for an asker that has taken in the map up to `taken_in`: a grant that names a newer one may not cover
  /// that epoch any more. `lent`: with its opening.
  [[nodiscard]] bool held_from(const NodeSet& givers, MapVersion since, MapVersion taken_in,
                               const Lent& lent) const;
  /// The same for a primary without other copies: a majority of the voters, none of whom accepted a newer
  /// map.
  [[nodiscard]] bool held_from_voters(const Map& map, MapVersion since) const;
  /// By what this node is bound towards `holder`.
  struct Promise {
    TimePoint until;
    std::uint64_t incarnation = 0;  ///< of the holder; a later life of it holds no lease of this one
  };
  [[nodiscard]] Promise promise_to(NodeId holder) const;
  /// Whether a promise binds no longer: time has passed, the holder was restarted, or it handed back this
  /// slot's lease of `epoch` or later.
  [[nodiscard]] bool is_over(NodeId holder, const Promise& promise, SlotId slot, Epoch epoch) const;
  /// Gives back, for one slot, what is held: its epoch ends by plan.
  void hand_back(SlotId slot, Epoch epoch, const NodeSet& givers);

  /// How long `node` has given no sign of life, or has heard none of this node as far as it says: who hears
  /// nothing can do nothing either. Zero for oneself. Counts from start() for one never heard of.
  [[nodiscard]] Duration silence(NodeId node) const;
  /// Heard of within `within`, ever; true for oneself.
  [[nodiscard]] bool is_alive(NodeId node, Duration within) const;
  /// What is_alive(alive_within) and silence() >= dead_after say now, of every node.
  [[nodiscard]] SignsOfLife signs_of_life(Duration alive_within, Duration dead_after) const;
  /// Its disk is at its reserve, as it said with its last grant; of oneself, as it is now.
  [[nodiscard]] bool is_full(NodeId node) const;
  [[nodiscard]] const LeaseSettings& settings() const { return settings_; }

 private:
  struct Held {
    TimePoint until;
    MapVersion map_version = 0;
    bool voter = false;
    MapVersion accepted_version = 0;
    bool full = false;
  };
  struct Given {
    TimePoint until;
    std::uint64_t incarnation = 0;
    std::map<SlotId, Epoch> handed_back;
  };
  /// The last sign of life of another node.
  struct Heard {
    TimePoint at;
    Duration deaf{0};  ///< how long it had heard nothing of this node then
    [[nodiscard]] Duration silence(TimePoint now) const { return std::max(now - at, deaf); }
  };
  [[nodiscard]] bool is_full_here() const { return surroundings_.low_space && surroundings_.low_space(); }
  void renew();
  void request(NodeId to, MapVersion version, TimePoint now);
  void on_request(NodeId from, const replication::LeaseRequest& request);
  void hear(NodeId from, Duration deaf);
  [[nodiscard]] Duration since_heard(NodeId node, TimePoint now) const;
  void grant(NodeId to, std::int64_t sent, std::uint64_t incarnation);
  [[nodiscard]] bool holds_lent(NodeId giver, const Lent& lent, TimePoint now) const;
  [[nodiscard]] DiskMarks::Mark take_in_own_mark();
  void send_request(NodeId to, MapVersion version, TimePoint now, std::chrono::milliseconds deaf);
  [[nodiscard]] bool majority(const NodeSet& voters, const Map& map, MapVersion since, TimePoint now) const;

  const NodeId self_;
  const asio::any_io_executor executor_;
  Clock& clock_;
  Network& network_;
  DiskMarks& marks_;
  const LeaseSettings settings_;
  const Surroundings surroundings_;

  mutable std::mutex mutex_;
  std::uint64_t incarnation_;  ///< of this start
  std::map<NodeId, Held> held_;
  std::map<NodeId, Given> given_;
  std::map<NodeId, Heard> heard_;
  TimePoint started_{};
  bool running_ = false;
  std::unique_ptr<Clock::Alarm> alarm_;
};

}  // namespace gridmail
