// What gossip believes of one node. Hints only: nothing is decided by them (design, section 5).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/base/clock.hpp"
#include "node/base/ids.hpp"

namespace gridmail {

enum class Liveness : std::uint8_t { alive, suspect, dead };  // in order of precedence at equal incarnations

/// Numbers that a node tells of itself.
struct NodeFigures {
  MapVersion map_version = 0;  ///< of the newest chosen map it has on disk
  double load = 0;             ///< 0 idle … 1 busy, may exceed 1
  std::uint64_t disk_free_bytes = 0;
  bool old_disk = false;    ///< older than what it said before: it does not vote
  bool keeps_mail = false;  ///< it sends none to other systems
  bool duplicated = false;  ///< it has noticed that another process has its identity
  bool operator==(const NodeFigures&) const = default;
};

struct NodeStatus {
  NodeId id;
  std::string name;
  std::vector<std::string> addresses;  ///< "host:port"
  std::string program_version;
  std::uint64_t incarnation =
      0;                       ///< raised by the node itself only, to refute a suspicion (SWIM, section 4.2)
  std::uint64_t revision = 0;  ///< raised within an incarnation when the figures change
  std::uint64_t life = 0;      ///< the session of its datagrams; drawn anew at each start
  Liveness state = Liveness::alive;
  NodeFigures figures;
  TimePoint since;          ///< when it came into this state, on the observer's clock
  bool heard = false;       ///< false until anything at all was heard of it
  bool seen_twice = false;  ///< the observer hears two running processes under this id

  [[nodiscard]] bool is_duplicated() const { return seen_twice || figures.duplicated; }
};

/// Ordered, so that walking it is deterministic.
using MembershipView = std::map<NodeId, NodeStatus>;
using MembershipViewPtr = std::shared_ptr<const MembershipView>;

}  // namespace gridmail
