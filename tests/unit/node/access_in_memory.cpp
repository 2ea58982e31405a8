#include "tests/unit/node/grid_in_memory.hpp"

namespace gridmail::testing {

Task<Result<std::vector<api::AuditRow>>> AccessInMemory::audit(std::uint64_t before, std::uint32_t rows_max) {
  std::vector<api::AuditRow> rows;
  for (std::uint64_t number = 5; number >= 1 && rows.size() < rows_max; --number) {
    if (number >= before) continue;
    auto& row = rows.emplace_back();
    row.number = number;
    row.verb = "user add";
    row.object = "u" + std::to_string(number) + "@example.test";
  }
  co_return rows;
}

}  // namespace gridmail::testing
