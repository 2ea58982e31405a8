// RecordSearch: what the DNS holds, as text: for checks that people ask for.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "node/base/store.hpp"

namespace gridmail {

/// address: AAAA and A together.
enum class RecordType : std::uint8_t { mx, txt, srv, ptr, address };

class RecordSearch {
 public:
  virtual ~RecordSearch() = default;
  /// mx: "10 host", srv: "priority weight port target", txt: its strings joined, ptr: a host, address: as
  /// text; names without a final dot. Empty: the name has none. Never blocks; bounded in time. Errors:
  /// not_found (no such name), unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<std::string>>> records(std::string name, RecordType type) = 0;
};

}  // namespace gridmail
