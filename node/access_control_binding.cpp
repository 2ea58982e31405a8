#include "node/access_control_binding.hpp"

namespace gridmail {

Task<Result<std::vector<api::AuditRow>>> AccessControlBinding::audit(std::uint64_t before,
                                                                     std::uint32_t rows_max) {
  const auto entries = co_await parts_.mail.view().audit(before, rows_max);
  if (!entries) co_return tl::unexpected(entries.error());
  std::vector<api::AuditRow> rows;
  for (const auto& entry : *entries) {
    auto& row = rows.emplace_back();
    row.number = entry.number();
    row.at = entry.at();
    row.who = entry.who();
    row.address = entry.address();
    row.node = NodeId::from_bytes(entry.node());
    row.verb = entry.verb();
    row.object = entry.object();
    row.before = entry.before();
    row.after = entry.after();
  }
  co_return rows;
}

}  // namespace gridmail
