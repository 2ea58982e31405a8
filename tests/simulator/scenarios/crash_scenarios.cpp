#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/troubles.hpp"

namespace gridmail::sim {

std::vector<Scenario> crash_scenarios() {
  return {
      {"the primary crashes in the middle of appends and returns",
       [](World& world, Load& load) { crash_and_return(world, load, true, 3); }},
      {"another copy crashes and returns",
       [](World& world, Load& load) { crash_and_return(world, load, false, 3); }},
      {"a node is gone for good and a blank one takes its place", blank},
      {"all nodes lose power and return one by one", power_loss},
      {"messages are half a second late while nodes crash",
       [](World& world, Load& load) { crash_and_return(world, load, world.chance().chance(0.5), 3); }, late},
      {"everything at once",
       [](World& world, Load& load) {
         crash_and_return(world, load, world.chance().chance(0.5), 3);
         split(world, load);
       },
       lossy},
  };
}

}  // namespace gridmail::sim
