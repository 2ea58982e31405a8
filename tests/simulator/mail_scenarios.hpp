// Scenarios of whole mail: from SMTP bytes in to IMAP bytes out, through one kind of trouble each.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/simulator/mail_load.hpp"

namespace gridmail::sim {

struct MailScenario {
  std::string name;
  std::function<void(World&, MailLoad&)> trouble;
  std::function<void(WorldOptions&)> prepare = {};
  std::size_t users = 4;
};

[[nodiscard]] const std::vector<MailScenario>& mail_scenarios();

/// What a run came to: the same for the same scenario, seed and program.
struct MailOutcome {
  std::size_t accepted = 0;    ///< messages
  std::size_t shown = 0;       ///< messages, each as often as a client was shown it
  std::uint64_t messages = 0;  ///< between nodes
  bool operator==(const MailOutcome&) const = default;
};
/// Runs one scenario under one seed. Throws Violation. `sabotage` breaks a rule of replication on purpose.
MailOutcome run_mail_scenario(const MailScenario& scenario, std::uint64_t seed,
                              const DeliberateFaults& sabotage = {});

}  // namespace gridmail::sim
