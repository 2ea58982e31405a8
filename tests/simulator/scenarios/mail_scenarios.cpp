// The troubles once more, under real mail.
#include "tests/simulator/mail_load.hpp"
#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

/// Over 64 recipients: one queue entry, whose slot's primary goes while it hands out.
void to_many(World& world, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  for (int round = 0; round < 2; ++round) {
    mail.send_to_all();
    load.run_for(1ms * static_cast<int>(world.chance().below(150)));
    const auto node = holder(world, world.chance().chance(0.7));
    if (!node) continue;
    world.crash(*node);
    load.run(static_cast<int>(world.chance().below(20)));
    mail.send_to_all();
    load.run(static_cast<int>(world.chance().below(20)));
    world.restart(*node);
    load.run(5);
  }
}

/// All nodes but two are down; one of these may store nothing. Mail goes on being accepted, and is delivered
/// later. Their disks may be busy: who is slow is waited for.
void two_left(World& world, Load& load, Duration busy) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  for (int round = 0; round < 2; ++round) {
    load.run(10);
    const std::size_t one = world.chance().below(world.size());
    const std::size_t other = (one + 1 + world.chance().below(world.size() - 1)) % world.size();
    for (std::size_t node = 0; node < world.size(); ++node) {
      if (node != one && node != other) world.crash(node);
    }
    load.run_for(3s);  // until then a slot's primary may only seem slow
    load.run_for(60s, [&] { return load.under_way() == 0; });  // who waits for what is gone gives up
    for (const auto node : {one, other}) world.disk(node).slow_down(busy);
    mail.demand_acceptance(true);
    for (int message = 0; message < 6; ++message) {
      mail.send_one(message % 2 == 0 ? one : other);
      load.run_for(1ms * static_cast<int>(world.chance().below(500)));
    }
    load.run_for(30s, [&] { return load.under_way() == 0; });
    mail.demand_acceptance(false);
    world.heal();
    if (!load.run_for(60s, [&] { return world.is_whole(); }))
      throw Violation("a slot does not get its copies back");
  }
}

void four_with_a_light_one(WorldOptions& options) {
  options.nodes.resize(4);
  options.nodes[3].weight = 0;
}

void only_two_left(World& world, Load& load) {
  two_left(world, load, 0s);
}
void only_two_busy_left(World& world, Load& load) {
  two_left(world, load, 700ms);
}

/// Stops, slow disks and growth, one after the other.
void other_troubles(World& world, Load& load) {
  for (int round = 0; round < 2; ++round) {
    load.run(8);
    const std::size_t node = world.chance().below(world.size());
    const bool stops = world.chance().chance(0.5);
    if (stops) {
      world.pause(node, true);
    } else {
      world.disk(node).stall(true);
    }
    load.run(static_cast<int>(world.chance().below(50)));
    world.pause(node, false);
    world.disk(node).stall(false);
  }
}

/// What was handed to the disk after the write that failed must not get there: it would leave a hole.
void disks_fail(World& world, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  for (int round = 0; round < 4; ++round) {
    load.run(5);
    const auto node = holder(world, world.chance().chance(0.3));
    if (!node) continue;
    mail.send_to_all();
    load.run(static_cast<int>(world.chance().below(3)));
    world.disk(*node).fail_with(world.chance().chance(0.5) ? Errc::io : Errc::no_space);
    load.run(static_cast<int>(1 + world.chance().below(10)));
    world.disk(*node).repair();
    load.run(static_cast<int>(1 + world.chance().below(30)));
    world.restart(*node);
  }
}

void slow_disks(WorldOptions& options) {
  options.disks.sync_max = 40ms;
  options.slots = 1;
}

Outside::Manners bad_manners() {
  Outside::Manners manners;
  manners.dns_fails = 0.1;
  manners.refuses_connection = 0.1;
  manners.defers = 0.15;
  manners.breaks_off = 0.05;
  manners.loses_reply = 0.1;
  manners.slow_max = 500ms;
  return manners;
}

void send_some_out(MailLoad& mail, int count) {
  for (int i = 0; i < count; ++i) {
    mail.send_out();
    mail.run(1);
  }
}

/// Mail leaves the grid, which is as well as can be.
void out_to_bad_manners(World&, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  mail.others_behave(bad_manners());
  send_some_out(mail, 60);
}

/// Some of it comes back: each sender is told once.
void out_and_refused(World& world, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  auto manners = bad_manners();
  manners.refuses = 0.4;
  mail.others_behave(manners);
  for (int round = 0; round < 3; ++round) {
    send_some_out(mail, 12);
    const auto node = holder(world, true);
    if (!node) continue;
    world.crash(*node);
    send_some_out(mail, 4);
    load.run_for(1ms * static_cast<int>(world.chance().below(8000)));
    world.restart(*node);
  }
}

/// What was sent and not written down when a node went may be sent again, and nothing else.
void out_while_nodes_crash(World& world, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  auto manners = bad_manners();
  manners.slow_max = 2s;
  mail.others_behave(manners);
  for (int round = 0; round < 3; ++round) {
    send_some_out(mail, 10);
    const auto node = holder(world, world.chance().chance(0.7));
    if (!node) continue;
    world.crash(*node);
    send_some_out(mail, 10);
    load.run_for(1ms * static_cast<int>(world.chance().below(8000)));
    world.restart(*node);
    load.run(5);
  }
}

void out_while_cut(World& world, Load& load) {
  auto& mail = dynamic_cast<MailLoad&>(load);
  mail.others_behave(bad_manners());
  mail.excuse_repeats();
  send_some_out(mail, 15);
  split(world, load);
  send_some_out(mail, 15);
}

void grow(World& world, Load& load) {
  for (int more = 0; more < 2; ++more) {
    load.run(10);
    world.add_node();
    load.run(30);
  }
}

}  // namespace

std::vector<Scenario> mail_scenarios() {
  std::vector<Scenario> all{
      {"mail while messages are lost, delayed, doubled and reordered",
       [](World&, Load& load) { load.run(60); }, lossy},
      {"the primary crashes in the middle of deliveries and returns",
       [](World& world, Load& load) { crash_and_return(world, load, true, 2); }},
      {"the backup crashes in the middle of deliveries and returns",
       [](World& world, Load& load) { crash_and_return(world, load, false, 2); }},
      {"a node with mail is gone for good and a blank one takes its place", blank},
      {"mail while the grid is cut in two and heals", split},
      {"all nodes lose power under mail and return one by one", power_loss},
      {.name = "mail to more than 64 recipients while nodes crash", .trouble = to_many, .users = 66},
      {"mail while only two nodes are left, one of which may store nothing", only_two_left,
       four_with_a_light_one},
      {"mail while only two nodes are left, whose disks are busy", only_two_busy_left, four_with_a_light_one},
      {"mail while nodes stop and disks hang for a while", other_troubles},
      {.name = "mail while disks fail in the middle of writes and work again at once",
       .trouble = disks_fail,
       .prepare = slow_disks,
       .users = 12},
      {"mail while the grid grows from one node to three", grow, {}, 1},
      {"mail goes out to remotes that defer, break off and lose replies", out_to_bad_manners},
      {"mail goes out and some of it is refused for good", out_and_refused},
      {"mail goes out while nodes crash and return", out_while_nodes_crash},
      {"mail goes out while the grid is cut in two and heals", out_while_cut},
      {"mail under everything at once",
       [](World& world, Load& load) {
         crash_and_return(world, load, world.chance().chance(0.5), 2);
         split(world, load);
       },
       lossy},
  };
  for (auto& one : all) one.workload = Workload::mail;
  return all;
}

}  // namespace gridmail::sim
