// MapRegister: this node's part of the register that holds the map (design, section 5). It keeps the newest
// chosen map, takes changes from the rest of the program and sees them agreed, votes when the map names it a
// voter, and on the lowest live voter it keeps the set of voters in shape.
//
// One strand; public functions may be called from any thread, callbacks are made on the strand. Lifecycle:
// construct → co_await load() → create() or adopt() if load() found no map → start() → stop(). After stop()
// pending callbacks are answered `cancelled`.
#pragma once
#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "gossip/disk_marks.hpp"
#include "gossip/register/map.hpp"
#include "node/base/clock.hpp"
#include "node/base/network.hpp"
#include "node/base/random.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// Rules broken on purpose, to show that the walks bite. All false outside tests.
struct RegisterFaults {
  bool no_carry = false;      ///< another proposer's change of voters is built on before it is agreed
  bool no_joint = false;      ///< a change of voters is agreed by those after it alone
  bool no_highest = false;    ///< a proposer goes on from the map it knows, whatever the voters accepted
  bool early_answer = false;  ///< a voter answers before its state is on disk
  bool old_ballots = false;   ///< a voter accepts below what it has promised
  bool no_marks = false;      ///< a voter does not ask whether its disk is an old one
};

struct RegisterSettings {
  Duration batch_window = std::chrono::milliseconds(50);  ///< changes that arrive within go into one round
  Duration voter_answer_max = std::chrono::milliseconds(300);  ///< then the next live voter is asked
  Duration resend_period = std::chrono::milliseconds(100);     ///< of phase messages not answered
  Duration round_max = std::chrono::seconds(4);                ///< a proposer gives up after this long
  Duration back_off_min = std::chrono::milliseconds(10);       ///< of duelling proposers; doubles up to…
  Duration back_off_max = std::chrono::milliseconds(400);
  Duration voter_plan_period = std::chrono::seconds(1);
  RegisterFaults sabotage;
};

class RegisterService;

class MapRegister {
 public:
  struct Callbacks {
    /// A newer chosen map was taken in and is on disk. Versions only rise; some may be skipped.
    std::function<void(MapPtr)> on_map;
    /// Who seems alive, and which members have been dead for long (their votes are given to others).
    /// Thread-safe.
    std::function<bool(NodeId)> is_alive;
    std::function<NodeSet()> dead_for_long;
    /// Living members that have not said that they have this version of the map. Thread-safe; empty: nobody.
    std::function<NodeSet(MapVersion)> behind;
    /// The time by most living nodes' clocks; nothing while that is unclear. Empty: this node's own counts.
    std::function<std::optional<WallMicros>()> agreed_wall;
    /// This node's disk is an old one, and it does not vote; or it does again.
    std::function<void(bool)> on_old_disk;
    /// Members that say so. Thread-safe.
    std::function<NodeSet()> old_disks;
  };
  using Done = std::function<void(Result<MapPtr>)>;

  /// `executor` is the strand. The ports must outlive the strand's last handler; the marks, loaded before
  /// load(), this.
  MapRegister(asio::any_io_executor executor, Clock& clock, Random& random, Network& network, Store& store,
              const DiskMarks& marks, NodeId self, Callbacks callbacks, RegisterSettings settings = {});
  ~MapRegister();
  MapRegister(const MapRegister&) = delete;
  MapRegister& operator=(const MapRegister&) = delete;

  /// Reads the last chosen map and the acceptor's state. Errors: io, corrupted, unsupported.
  [[nodiscard]] Task<Result<void>> load();
  /// Begins a grid of one: `map` (create_map) is written as chosen and as accepted by this node's acceptor.
  [[nodiscard]] Task<Result<void>> create(Map map);
  /// A joining node takes the map that its introducer handed over. Errors: already_exists when it is in
  /// another grid.
  [[nodiscard]] Task<Result<void>> adopt(Map map);

  void start();
  void stop();

  /// The newest chosen map on this node's disk; null before there is one.
  [[nodiscard]] MapPtr current() const;
  /// The newest map this node's acceptor has accepted, chosen or not; null when none. For leases given as a
  /// voter.
  [[nodiscard]] MapPtr accepted() const;
  [[nodiscard]] MapVersion accepted_version() const;

  /// Has `change` agreed: by the lowest live voter, by the others in turn, at last from here. `done` gets a
  /// chosen map to which the change was applied, as far as it could be: a slot change whose epoch was
  /// overtaken was left out, so look at the rows. Errors: timed_out (it may yet be agreed; safe to send
  /// again), unavailable (no grid), cancelled.
  void propose(MapChange change, Done done);
  [[nodiscard]] Task<Result<MapPtr>> propose(MapChange change);

  /// Messages of MessageKind::register_call.
  void on_message(NodeId from, Bytes payload);
  /// Asks `node`, which is said to have a newer map, for it.
  void fetch_from(NodeId node);

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<RegisterService> service_;
};

}  // namespace gridmail
