// What the audit log says of things that are no change of the directory: nodes, settings in the map, the
// queue.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include "gossip/register/map.hpp"
#include "node/administration.hpp"

namespace gridmail {

struct AuditNote {
  std::string verb, object;
  std::string before = {}, after = {};
};

/// What differs between two records of a node: {"weight=100", "weight=50"}.
[[nodiscard]] std::pair<std::string, std::string> difference(const Member& before, const Member& after);
[[nodiscard]] std::pair<std::string, std::string> difference(const GridSettings& before,
                                                             const GridSettings& after);

/// Writes it down in the name of who acts; nothing where that is the grid itself. Returns once it is written,
/// or after 2 s: then it goes on in `tasks` for a minute, and says in the node's log what could not be
/// written.
[[nodiscard]] Task<void> write_note(std::shared_ptr<Administration> as, GridCore& core, Clock& clock,
                                    AuditNote note);

}  // namespace gridmail
