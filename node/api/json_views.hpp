// The API's JSON shapes (design, section 10). Nodes are given by id; dates are RFC 3339 in UTC.
#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "node/api/grid_control.hpp"
#include "node/base/date.hpp"

namespace gridmail::api {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json ids(const std::vector<NodeId>& nodes);
/// 0 is no time.
[[nodiscard]] Json date_or_null(WallMicros at);
/// {"dry_run": true, "changes": […], "effects": […]}
[[nodiscard]] Json to_json(const Trial& trial);
[[nodiscard]] Json to_json(const NodeRow& node);
[[nodiscard]] Json to_json(const GridStatus& status);
[[nodiscard]] Json to_json(const KeyStatus& status);
[[nodiscard]] Json to_json(const CertificateRow& certificate);
[[nodiscard]] Json to_json(const SlotPlacement& slot);
[[nodiscard]] Json to_json(const UserRow& user);
[[nodiscard]] Json to_json(const UserDetails& user);
[[nodiscard]] Json to_json(const DomainRow& domain);
[[nodiscard]] Json to_json(const AliasRow& alias);
[[nodiscard]] Json to_json(const QueueRow& entry);
[[nodiscard]] Json to_json(const QueueActed& acted);
[[nodiscard]] Json to_json(const TraceAnswer& answer);
[[nodiscard]] Json to_json(const RouteRow& route);
[[nodiscard]] Json to_json(const JoinToken& token);
[[nodiscard]] Json to_json(const Settings& settings);
[[nodiscard]] Json to_json(const JobRow& job);
/// {"done": true, "job": its id or null}
[[nodiscard]] Json to_json(const Begun& begun);
/// {"not_yet_on": [node ids]}
[[nodiscard]] Json to_json(const Applied& applied);

template <class Row>
[[nodiscard]] Json to_json(const std::vector<Row>& rows) {
  Json array = Json::array();
  for (const auto& row : rows) array.push_back(to_json(row));
  return array;
}

}  // namespace gridmail::api
