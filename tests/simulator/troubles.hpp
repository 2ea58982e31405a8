// Troubles that befall the ledger and mail alike.
#pragma once
#include <optional>

#include "tests/simulator/load.hpp"

namespace gridmail::sim {

/// A live node that is primary of a random slot, or holds another copy of it.
[[nodiscard]] std::optional<std::size_t> holder(World& world, bool primary);
/// Nobody reaches this node, and it reaches nobody.
void isolate(World& world, std::size_t alone);

/// A record of some slot on this node's disk, if there is one.
void rot_record(World& world, std::size_t node, Random& random);

void crash_and_return(World& world, Load& load, bool primary, int rounds);
void split(World& world, Load& load);
/// A node is gone for good and a blank one takes its place.
void blank(World& world, Load& load);
/// All crash, and return one by one.
void power_loss(World& world, Load& load);

void lossy(WorldOptions& options);
/// Late messages of one epoch arrive in the next.
void late(WorldOptions& options);

}  // namespace gridmail::sim
