#include "tests/simulator/swarm.hpp"

#include <algorithm>
#include <set>

#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t nodes_max = 9;
constexpr Duration mended_within = 120s;

class Swarm {
 public:
  Swarm(World& world, Load& load, const SwarmPlan& plan, const SwarmRules& rules)
      : world_(world), load_(load), plan_(plan), rules_(rules), random_(world.chance()) {}

  void run() {
    for (std::size_t i = 0; i < plan_.faults; ++i) {
      load_.run(static_cast<int>(1 + random_.below(plan_.loads_max)));
      end_what_is_over();
      inject(plan_.kinds[random_.below(plan_.kinds.size())]);
    }
    load_.run(static_cast<int>(1 + random_.below(plan_.loads_max)));
    end_all();
  }

 private:
  using Nodes = std::set<std::size_t>;
  using Links = std::vector<std::pair<std::size_t, std::size_t>>;  ///< from, to
  /// A fault that lasts.
  struct Active {
    TimePoint until;
    std::function<void()> undo;
  };

  void inject(FaultKind kind) {
    switch (kind) {
      case FaultKind::crash:
        if (const auto node = some_live()) crash(*node);
        break;
      case FaultKind::crash_at_commit:
        if (const auto node = some_live()) crash_at_commit(*node);
        break;
      case FaultKind::crash_rebuilding:
        if (const auto node = some_rebuilding()) crash(*node);
        break;
      case FaultKind::power_loss:
        for (std::size_t node = 0; node < world_.size(); ++node) crash(node);
        break;
      case FaultKind::pause:
        if (const auto node = some_live()) pause(*node);
        break;
      case FaultKind::slow_node:
        if (const auto node = some_live()) slow_down(*node);
        break;
      case FaultKind::one_way:
        cut(one_way_links());
        break;
      case FaultKind::cut_off:
        cut(between({any()}, {}));
        break;
      case FaultKind::two_isolated:
        cut(between({any(), any()}, {}));
        break;
      case FaultKind::bridge:
        cut(between(half(), {any()}));
        break;
      case FaultKind::flapping:
        flap(any(), any());
        break;
      case FaultKind::disk_hang:
        hang(any());
        break;
      case FaultKind::disk_error:
        if (const auto node = some_live()) fail_disk(*node);
        break;
      case FaultKind::disk_full:
        fill_disk(any());
        break;
      case FaultKind::disks_swapped:
        swap_disks(any(), any());
        break;
      case FaultKind::blank_disk:
        destroy(any());
        break;
      case FaultKind::node_joins:
        if (world_.size() < nodes_max) world_.begin_to_add(plan_.nodes[random_.below(plan_.nodes.size())]);
        break;
      case FaultKind::node_drains:
        drain(any());
        break;
      case FaultKind::wall_jump:
        if (const auto node = some_live()) jump(*node);
        break;
      case FaultKind::settings_change:
        change_settings();
        break;
      case FaultKind::bit_rot:
        rot(any());
        break;
      case FaultKind::old_disk:
        put_old_disk_back(any());
        break;
      case FaultKind::count_:
        break;
    }
  }

  // --- choosing

  [[nodiscard]] std::size_t any() { return random_.below(world_.size()); }
  [[nodiscard]] std::optional<std::size_t> some_live() {
    std::vector<std::size_t> live;
    for (std::size_t node = 0; node < world_.size(); ++node) {
      if (world_.is_up(node)) live.push_back(node);
    }
    if (live.empty()) return std::nullopt;
    return live[random_.below(live.size())];
  }
  [[nodiscard]] std::optional<std::size_t> some_rebuilding() {
    const auto map = world_.newest_map();
    if (!map) return std::nullopt;
    std::vector<std::size_t> busy;
    for (const auto& row : map->rows) {
      if (row.joining.empty()) continue;
      for (const auto& node : row.joining) busy.push_back(world_.number_of(node));
      if (row.primary) busy.push_back(world_.number_of(*row.primary));
    }
    if (busy.empty()) return std::nullopt;
    return busy[random_.below(busy.size())];
  }
  [[nodiscard]] Nodes half() {
    Nodes nodes;
    for (std::size_t node = 0; node < world_.size(); ++node) {
      if (random_.chance(0.5)) nodes.insert(node);
    }
    return nodes;
  }
  [[nodiscard]] Duration some_time() {
    return 1ms * static_cast<std::int64_t>(1 + random_.below(plan_.lasts_max_ms));
  }

  // --- what lasts

  void last(Duration duration, std::function<void()> undo) {
    active_.push_back({world_.clock().now() + duration, std::move(undo)});
  }
  void end_what_is_over() {
    std::vector<Active> over;
    const auto is_over = [&](const Active& one) { return one.until <= world_.clock().now(); };
    std::copy_if(active_.begin(), active_.end(), std::back_inserter(over), is_over);
    std::erase_if(active_, is_over);
    for (const auto& one : over) one.undo();
  }

  void end_all() {
    while (!active_.empty()) {
      auto over = std::move(active_);
      active_.clear();
      for (const auto& one : over) one.undo();
    }
  }

  // --- nodes

  void crash(std::size_t node) {
    world_.crash(node);
    last(some_time(), [this, node] { world_.restart(node); });
  }
  void crash_at_commit(std::size_t node) {
    world_.crash_at_commit(node, 1 + random_.below(20));
    last(some_time(), [this, node] { world_.restart(node); });
  }
  void pause(std::size_t node) {
    world_.pause(node, true);
    last(some_time(), [this, node] { world_.pause(node, false); });
  }
  void slow_down(std::size_t node) {
    world_.slow_down(node, std::chrono::microseconds(100 + random_.below(3000)));
    last(some_time(), [this, node] { world_.slow_down(node, 0ns); });
  }
  void jump(std::size_t node) {
    // Less than the 14 days after which intake is left to the admin.
    auto hours = static_cast<WallMicros>(random_.below(600)) - 300;
    // Mail that waits for its next attempt would wait so much longer: too long for here.
    if (std::abs(hours) <= 2) hours = 0;
    world_.note({}, [&] {
      return "the wall clock of node" + std::to_string(node) + " jumps by " + std::to_string(hours) +
             " hours";
    });
    world_.clock_of(node).jump_wall(hours * 3'600'000'000);
  }
  void drain(std::size_t node) {
    const bool leaves = random_.chance(0.5);
    set_state(node, leaves ? MemberState::leaving : MemberState::draining);
    last(some_time(), [this, node] { set_state(node, MemberState::active); });
  }
  void set_state(std::size_t node, MemberState state) {
    const auto map = world_.newest_map();
    const auto* member = map ? map->member(world_.id(node)) : nullptr;
    if (member == nullptr) return;
    MapChange change;
    change.members.push_back({*member});
    change.members.back().member.state = state;
    world_.propose(std::move(change));
  }
  void change_settings() {
    const auto map = world_.newest_map();
    if (!map) return;
    MapChange change;
    change.settings = SettingsChange{map->settings};
    change.settings->settings.copies_min = random_.chance(0.5) ? 1 : std::min(2U, map->settings.copies);
    world_.propose(std::move(change));
  }

  // --- disks

  void hang(std::size_t node) {
    world_.note({}, [&] { return "the disk of node" + std::to_string(node) + " hangs"; });
    world_.disk(node).stall(true);
    last(some_time(), [this, node] { world_.disk(node).stall(false); });
  }
  void fail_disk(std::size_t node) {
    world_.disk(node).fail_with(random_.chance(0.7) ? Errc::io : Errc::no_space);
    last(some_time(), [this, node] {
      world_.disk(node).repair();
      world_.restart(node);
    });
  }
  void fill_disk(std::size_t node) {
    world_.fill_disk(node, true);
    last(some_time(), [this, node] { world_.fill_disk(node, false); });
  }
  void swap_disks(std::size_t one, std::size_t other) {
    const auto runs = [this](std::size_t node) { return world_.is_up(node) && world_.core(node).running(); };
    if (one == other || !runs(one) || !runs(other)) return;
    world_.swap_disks(one, other);
    for (const auto node : {one, other}) last(some_time(), [this, node] { world_.restart(node); });
  }
  /// Some records of some slots, while all copies of these are there: it is noticed, and mended.
  void rot(std::size_t node) {
    if (!active_.empty() || !world_.is_whole() || !may_lose(node)) return;
    for (auto left = 1 + random_.below(3); left > 0; --left) rot_record(world_, node, random_);
    const auto mended = [&] {
      return_late_crashes();
      return !world_.disk(node).is_rotten() && world_.is_whole();
    };
    if (!load_.run_for(mended_within, mended)) throw Violation("a rotten record is not mended");
  }
  /// A crash at a commit may come after the return that was planned for it.
  void return_late_crashes() {
    for (std::size_t node = 0; node < world_.size(); ++node) {
      if (!world_.is_up(node) && !world_.is_destroyed(node)) world_.restart(node);
    }
  }
  [[nodiscard]] bool may_lose(std::size_t node) const {
    if (rules_.budget == Budget::unlimited) return true;
    for (std::size_t other = 0; other < world_.size(); ++other) {
      if (other != node && (world_.may_lack(other) || world_.may_have_rotted(other))) return false;
    }
    switch (rules_.budget) {
      case Budget::one_copy:
        return world_.may_destroy(node);
      case Budget::last_copy:
        return world_.may_destroy_last_copies(node);
      case Budget::unlimited:
        break;
    }
    return true;
  }
  void destroy(std::size_t node) {
    if (world_.is_destroyed(node)) return;
    if (!may_lose(node)) return;
    world_.destroy(node);
    // An admin replaces it, sooner or later.
    last(some_time(), [this, node] {
      if (world_.size() < nodes_max) world_.begin_to_add(plan_.nodes[node % plan_.nodes.size()]);
    });
  }
  /// Today an image is taken, while the node is down, another day it is put back.
  void put_old_disk_back(std::size_t node) {
    if (world_.is_destroyed(node)) return;
    world_.crash(node);
    const auto image = world_.disk(node).image();
    world_.restart(node);
    last(some_time(), [this, node, image] {
      if (world_.is_destroyed(node)) return;
      if (!may_lose(node)) return;
      world_.put_back(node, image);
      last(some_time(), [this, node] { world_.restart(node); });
    });
  }

  // --- network

  [[nodiscard]] Links one_way_links() {
    Links links;
    for (std::uint64_t count = 1 + random_.below(3); count > 0; --count) links.emplace_back(any(), any());
    return links;
  }
  /// Both directions between these nodes and all others, but for those that both reach.
  [[nodiscard]] Links between(const Nodes& some, const Nodes& spared) {
    Links links;
    for (std::size_t one = 0; one < world_.size(); ++one) {
      for (std::size_t other = 0; other < world_.size(); ++other) {
        if (some.contains(one) == some.contains(other)) continue;
        if (!spared.contains(one) && !spared.contains(other)) links.emplace_back(one, other);
      }
    }
    return links;
  }
  void cut(const Links& links) {
    const auto number = ++cuts_made_;
    cuts_[number] = links;
    apply_cuts();
    last(some_time(), [this, number] {
      cuts_.erase(number);
      apply_cuts();
    });
  }
  void apply_cuts() {
    world_.network().heal();
    for (const auto& [number, links] : cuts_) {
      for (const auto& [from, to] : links) {
        if (from != to) world_.network().block(world_.id(from), world_.id(to));
      }
    }
    world_.note({}, [this] {
      std::string text = "links that are cut:";
      for (const auto& [number, links] : cuts_) {
        for (const auto& [from, to] : links) text += " " + std::to_string(from) + ">" + std::to_string(to);
      }
      return text;
    });
  }
  void flap(std::size_t one, std::size_t other) {
    for (auto left = 2 + random_.below(4); left > 0; --left) {
      cut({{one, other}, {other, one}});
      load_.run_for(1ms * static_cast<std::int64_t>(50 + random_.below(700)));
      cuts_.erase(cuts_made_);
      apply_cuts();
      load_.run_for(1ms * static_cast<std::int64_t>(50 + random_.below(700)));
    }
  }

  World& world_;
  Load& load_;
  const SwarmPlan& plan_;
  const SwarmRules& rules_;
  Random& random_;
  std::vector<Active> active_;
  std::uint64_t cuts_made_ = 0;
  std::map<std::uint64_t, Links> cuts_;
};

}  // namespace

void run_swarm(World& world, Load& load, const SwarmPlan& plan, const SwarmRules& rules) {
  Swarm(world, load, plan, rules).run();
}

}  // namespace gridmail::sim
