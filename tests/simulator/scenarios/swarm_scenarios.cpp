#include "tests/simulator/mail_load.hpp"
#include "tests/simulator/scenarios/families.hpp"
#include "tests/simulator/swarm.hpp"

namespace gridmail::sim {
namespace {

/// Nodes are cut off from one another, and their clocks jump over days: what was sent may be sent again, and
/// may be too old; but whatever does not come its sender is told of.
void send_out_too(MailLoad& mail) {
  Outside::Manners manners;
  manners.dns_fails = manners.refuses_connection = manners.defers = 0.1;
  manners.refuses = 0.15;
  manners.breaks_off = manners.loses_reply = 0.05;
  manners.slow_max = std::chrono::milliseconds(500);
  mail.others_behave(manners);
  mail.excuse_repeats();
  mail.excuse_age();
  mail.mix_in_mail_out();
}

Scenario swarm(std::string name, const SwarmRules& rules, Workload workload) {
  Scenario scenario;
  scenario.name = std::move(name);
  scenario.prepare = [rules](WorldOptions& options) {
    options.nodes = draw_swarm(options.seed, rules, options).nodes;
  };
  scenario.trouble = [rules](World& world, Load& load) {
    if (auto* mail = dynamic_cast<MailLoad*>(&load)) send_out_too(*mail);
    WorldOptions drawn;
    run_swarm(world, load, draw_swarm(world.options().seed, rules, drawn), rules);
  };
  scenario.workload = workload;
  scenario.safety_only = rules.budget == Budget::unlimited;
  return scenario;
}

}  // namespace

std::vector<Scenario> swarm_scenarios() {
  return {
      swarm("a random mix of faults", {}, Workload::ledger),
      swarm("a random mix of faults with old disks put back", {.old_disks = true}, Workload::ledger),
      swarm("a random mix of faults that destroys last in-sync copies", {.budget = Budget::last_copy},
            Workload::ledger),
      swarm("a random mix of faults with records that rot", {.bit_rot = true}, Workload::ledger),
      swarm("a random mix of faults that may destroy every copy", {.budget = Budget::unlimited},
            Workload::ledger),
  };
}

std::vector<Scenario> mail_swarm_scenarios() {
  return {swarm("mail under a random mix of faults", {}, Workload::mail)};
}

}  // namespace gridmail::sim
