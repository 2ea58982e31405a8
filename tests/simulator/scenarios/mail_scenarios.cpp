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
