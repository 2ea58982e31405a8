// Structure's invariants as a check: of decoded records, and of whatever a fuzzer makes the parser say.
#pragma once
#include <string_view>

#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

/// What is wrong, or nothing.
[[nodiscard]] std::string_view broken_invariant(const Structure& structure);

}  // namespace gridmail::mime
