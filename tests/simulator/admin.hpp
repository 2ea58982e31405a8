// Admin: whoever looks after a simulated grid once its troubles are over.
#pragma once
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

/// Nodes that drain or leave stay after all, nodes that are destroyed are removed. To be called now and then;
/// true when there is nothing left to do, and every member is up.
bool tidy_members(World& world);

}  // namespace gridmail::sim
