// What `gridmail doctor` makes of the API's answers. Pure. Ids are stable: monitors name them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.hpp"
#include "node/cli/api_client.hpp"

namespace gridmail::cli {

struct Check {
  /// Each worse than the one before. Skipped: nobody has looked, and the detail says why.
  enum class State : std::uint8_t { skipped, passed, warning, failed };
  std::string id;
  State state = State::passed;
  std::string detail;
};

/// "+" passed, "!" something wants doing, "-" failed, " " skipped.
[[nodiscard]] char mark_of(Check::State state);

/// All ids, in the order in which they are said.
[[nodiscard]] std::span<const std::string_view> check_ids();
/// Those that have not been made, as skipped.
void skip_rest(std::vector<Check>& checks, std::string_view why);
/// "1 node", "2 nodes".
[[nodiscard]] std::string counted(std::size_t count, std::string_view what);

/// A series without labels in the Prometheus text format.
[[nodiscard]] std::optional<double> metric(std::string_view text, std::string_view name);
/// Of a domain that the world's DNS does not know (RFC 2606, 6761, 6762, 8375).
[[nodiscard]] bool is_private_domain(std::string_view name);

[[nodiscard]] Check files_suffice(std::string_view metrics);
/// `now`: here, where the command runs.
[[nodiscard]] Check clock_is_right(std::string_view metrics, WallMicros now);
[[nodiscard]] Check disk_has_room(std::string_view metrics);

[[nodiscard]] Check nodes_are_alive(const Json& nodes);
[[nodiscard]] Check versions_agree(const Json& nodes);
[[nodiscard]] Check program_fits(const Json& nodes, std::string_view own_version);
/// `figures`: each node's last span ends by its own clock.
[[nodiscard]] Check clocks_agree(const Json& figures);
[[nodiscard]] Check disks_last(const Json& figures, const Json& nodes);
[[nodiscard]] Check slots_have_copies(const Json& slots, std::size_t copies);
[[nodiscard]] Check nothing_wants_doing(const Json& notices);
[[nodiscard]] Check certificates_last(const Json& certificates, WallMicros now);

/// What a domain's records (GET /domains/NAME/dns) amount to.
struct DomainFindings {
  std::vector<std::string> wrong, unknown;
  std::vector<std::string> wrong_pointers, unknown_pointers;
  std::vector<std::string> exchangers;  ///< names of its MX records
};
void take_in(DomainFindings& findings, const std::string& domain, const Json& records);
/// `asked` of the `domains` that are public.
[[nodiscard]] Check records_are_there(const DomainFindings& findings, std::size_t asked, std::size_t domains);
[[nodiscard]] Check pointers_are_there(const DomainFindings& findings);

}  // namespace gridmail::cli
