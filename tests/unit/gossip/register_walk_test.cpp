// The register under random faults: lost, late, doubled messages, crashes with half-written disks,
// partitions, changes of voters in the middle of it all, and a wrong idea of who lives. At most one map per
// version is ever chosen, what was answered stays, and once everything is healed changes go through again.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/unit/gossip/support/quiet_log.hpp"
#include "tests/unit/gossip/support/register_walk.hpp"

namespace gridmail {
namespace {

using test::RegisterViolation;
using test::RegisterWalk;
using test::Terrain;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// More with GRIDMAIL_WALKS=n; from another one on with GRIDMAIL_SEED=s.
std::size_t versions_agreed_in_walks(Terrain terrain, std::uint64_t count) {
  std::size_t versions = 0;
  const auto first = number_from("GRIDMAIL_SEED", 1);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    RegisterWalk walk(seed, terrain, {});
    walk.steps(80);
    walk.heal_and_check();
    versions += walk.versions();
  }
  return versions;
}

TEST_CASE("random walks choose one map per version and come to rest") {
  const auto count = number_from("GRIDMAIL_WALKS", 300);
  CHECK(versions_agreed_in_walks(Terrain::any, count) > count * 8);  // they did agree on things under way
}

TEST_CASE("walks with few voters that change all the time, and nodes that hear of it late") {
  const test::QuietLog quiet;
  const auto count = number_from("GRIDMAIL_WALKS", 300);
  CHECK(versions_agreed_in_walks(Terrain::old_voters, count) > count * 8);
}

TEST_CASE("walks in which one node gets an old disk back") {
  const test::QuietLog quiet;
  const auto count = number_from("GRIDMAIL_WALKS", 300);
  CHECK(versions_agreed_in_walks(Terrain::old_disk, count) > count * 8);
}

/// The first seed whose walk finds a violation; 0 when none does.
std::uint64_t found_by_seed(const RegisterFaults& sabotage, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    for (const auto terrain : {Terrain::old_voters, Terrain::any, Terrain::old_disk}) {
      try {
        RegisterWalk walk(seed, terrain, sabotage);
        walk.steps(80);
        walk.heal_and_check();
      } catch (const RegisterViolation&) {
        return seed;
      }
    }
  }
  return 0;
}

/// no_carry takes more coincidences than walks meet: register_carry_test.cpp has them.
TEST_CASE("each broken rule of the register is found by a walk") {
  const test::QuietLog quiet;
  const std::pair<const char*, bool RegisterFaults::*> rules[] = {
      {"no_joint", &RegisterFaults::no_joint},         {"no_highest", &RegisterFaults::no_highest},
      {"early_answer", &RegisterFaults::early_answer}, {"old_ballots", &RegisterFaults::old_ballots},
      {"no_marks", &RegisterFaults::no_marks},
  };
  for (const auto& [name, rule] : rules) {
    CAPTURE(name);
    RegisterFaults sabotage;
    sabotage.*rule = true;
    const auto seed = found_by_seed(sabotage, number_from("GRIDMAIL_MUTATION_WALKS", 1500));
    MESSAGE(std::string(name) << " is found by seed " << seed);
    CHECK(seed != 0);
  }
}

}  // namespace
}  // namespace gridmail
