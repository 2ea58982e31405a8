// GridCore: one node's part in the grid, from gossip to opened slots: membership, the map register, leases,
// slots, the request router and the directory's follower, joined over the four ports. The daemon and the
// simulator run the same one.
//
// Lifecycle: construct → add services → co_await load() → (create() or adopt() where load() found no map) →
// start() → stop() → co_await join() → destruction. Messages may arrive from construction on. Public
// functions are thread-safe unless they say otherwise.
#pragma once
#include <asio/any_io_executor.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gossip/membership/membership.hpp"
#include "gossip/register/map_register.hpp"
#include "gossip/survey.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/replication/directory_follower.hpp"
#include "storage/replication/scrub.hpp"
#include "storage/replication/slot_router.hpp"
#include "storage/replication/slot_table.hpp"

namespace gridmail {

struct GridCoreSettings {
  RegisterSettings map_register;
  SwimSettings swim;
  LeaseSettings leases;
  ReplicationSettings replication;
  Duration commit_stall_max = std::chrono::seconds(2);  ///< alive means working
  Duration dead_for_long = std::chrono::minutes(5);  ///< then a voter is replaced, and its slots given away
  Duration tell_loads_every = std::chrono::seconds(10);
};

/// The ports and strands of one node. All outlive the core.
struct GridPorts {
  Clock& clock;
  Random& random;
  Network& network;
  Store& store;
  asio::any_io_executor gossip;              ///< strand of membership and register
  std::vector<asio::any_io_executor> slots;  ///< strands that the slots are dealt to
  bool disk_damaged = false;  ///< the store was opened before damage: something acknowledged may be missing
};

class GridCore {
 public:
  struct Hooks {
    std::function<void(Error)> fail_stop;  ///< the disk failed
    std::function<bool()> low_space;       ///< the disk's reserve is reached
    std::function<bool()> very_low_space;  ///< half of it is used up
    std::function<bool()> is_behind;       ///< too much waits for the disk: nothing more is to be taken in
    std::function<void(MapPtr)> on_map;    ///< a newer map was taken in
    std::function<void(NodeId, Bytes)> on_push;
    std::function<void(NodeId, Bytes)> on_intake;
    std::function<void(NodeId, Bytes)> on_verified;
    std::function<void(NodeId, Bytes)> on_egress;
    std::function<void(NodeId, Bytes)> on_listeners;
    std::function<void(NodeId, Bytes)> on_usage;
    std::function<DiskState()> disk;  ///< for whoever plans to give this node slots; empty: nothing is told
  };
  GridCore(GridPorts ports, Membership::Self self, GridCoreSettings settings, Hooks hooks);
  ~GridCore();

  /// Before load().
  void serve(ServiceId id, SlotService& service);

  /// Reads what this node remembers, and counts this start. Nothing is sent yet.
  [[nodiscard]] Task<Result<void>> load();
  [[nodiscard]] bool has_map() const { return register_->current() != nullptr; }
  /// A new grid with this node alone.
  [[nodiscard]] Task<Result<void>> create(Map map) { return register_->create(std::move(map)); }
  /// Takes the map of the grid that has just admitted this node.
  [[nodiscard]] Task<Result<void>> adopt(Map map) { return register_->adopt(std::move(map)); }
  void start();
  void stop();
  [[nodiscard]] Task<void> join();
  /// In place of stop() and join(), after a simulated crash: see SlotTable::abandon().
  void abandon() {
    if (slots_) slots_->abandon();
  }

  [[nodiscard]] NodeId self() const { return self_.id; }
  [[nodiscard]] MapPtr map() const { return register_->current(); }
  [[nodiscard]] Membership& membership() { return *membership_; }
  [[nodiscard]] MapRegister& map_register() { return *register_; }
  [[nodiscard]] DiskMarks& marks() { return marks_; }
  [[nodiscard]] Leases& leases() { return *leases_; }
  [[nodiscard]] SlotTable& slots() { return *slots_; }
  [[nodiscard]] SlotRouter& router() { return *router_; }
  [[nodiscard]] FillBudget& fill_budget() { return context_->fill_budget; }
  [[nodiscard]] LoadBook& loads() { return context_->loads; }
  [[nodiscard]] Scrub& scrub() { return *scrub_; }
  /// Who answers it says so before start().
  [[nodiscard]] Survey& survey() { return survey_; }
  [[nodiscard]] std::uint64_t operation_bytes() const { return context_->operation_bytes; }
  /// The same, for those that are constructed before load().
  [[nodiscard]] SlotClient& requests() { return requests_; }
  /// Of this node's replica; empty before the first map. Follows once there is a map.
  [[nodiscard]] FollowedDirectory& directory_age() { return age_; }
  [[nodiscard]] DirectoryFollower* follower() { return follower_.load(); }
  [[nodiscard]] TaskGroup& tasks() { return tasks_; }
  /// Called on the directory's strand after the replica here changed.
  void on_directory_applied(std::function<void()> handler) { directory_applied_ = std::move(handler); }
  /// Between start() and stop().
  [[nodiscard]] bool running() const { return running_; }
  /// Group commit is keeping up.
  [[nodiscard]] bool working() const;

 private:
  /// Once loaded, with a map.
  [[nodiscard]] std::optional<WallMicros> agreed_wall() const;
  /// Stands for the follower until the first map says which slot is the directory.
  class Age final : public FollowedDirectory {
   public:
    explicit Age(GridCore& core) : core_(core) {}
    [[nodiscard]] Duration age() const override {
      const auto* follower = core_.follower_.load();
      return follower != nullptr ? follower->age() : Duration::max();
    }

   private:
    GridCore& core_;
  };
  /// Stands for the router until load() has made it.
  class Requests final : public SlotClient {
   public:
    explicit Requests(GridCore& core) : core_(core) {}
    [[nodiscard]] Task<Result<Bytes>> call(SlotId slot, ServiceId service, Bytes request,
                                           Options options) override {
      return core_.router_->call(slot, service, std::move(request), options);
    }
    [[nodiscard]] SlotId slot_for(BytesView key) const override { return core_.router_->slot_for(key); }
    [[nodiscard]] MapPtr map() const override { return core_.router_->map(); }

   private:
    GridCore& core_;
  };
  [[nodiscard]] Survey::Members survey_members() const;
  void on_message(NodeId from, std::uint16_t kind, Bytes payload);
  void take_map(const MapPtr& map);
  [[nodiscard]] static Task<void> follow(GridCore* core);
  [[nodiscard]] static Task<void> tell_loads(GridCore* core);

  const GridPorts ports_;
  const Membership::Self self_;
  const GridCoreSettings settings_;
  const Hooks hooks_;
  TaskGroup tasks_{"grid"};
  Survey survey_;
  DiskMarks marks_;
  std::unique_ptr<MapRegister> register_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<Leases> leases_;
  std::unique_ptr<ReplicationContext> context_;
  std::unique_ptr<SlotTable> slots_;
  std::unique_ptr<SlotRouter> router_;
  std::unique_ptr<Scrub> scrub_;
  std::vector<std::pair<ServiceId, SlotService*>> services_;
  std::unique_ptr<DirectoryFollower> owned_follower_;
  std::atomic<DirectoryFollower*> follower_{nullptr};
  std::function<void()> directory_applied_;
  Age age_{*this};
  Requests requests_{*this};
  std::atomic<bool> running_{false};
};

}  // namespace gridmail
