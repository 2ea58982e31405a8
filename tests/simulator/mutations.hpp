// Mutations: a grid that is broken on purpose, to show that the simulator's checkers bite. Rules of the
// protocol are left out, settings are wrong, disks lose records that they were given, nodes say what is not
// so.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/world.hpp"

namespace gridmail::sim {

struct Mutation {
  std::string name;  ///< one word, for --break
  std::string what;  ///< what is broken
  std::function<void(WorldOptions&)> apply;
  std::string scenario;  ///< which finds it, by its name
};

/// Empty: nothing is broken.
[[nodiscard]] const std::vector<Mutation>& mutations();
/// Null for a name that there is not.
[[nodiscard]] const Mutation* mutation(std::string_view name);

}  // namespace gridmail::sim
