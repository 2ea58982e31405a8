// Passwords of single mail programs: drawn here, never chosen by people. Pure but for what is drawn.
#pragma once
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"
#include "node/base/random.hpp"

namespace gridmail {

/// "hvx7p-k2m9d-…": 100 bits.
[[nodiscard]] std::string draw_app_password(Random& random);
/// What the directory keeps of it. People may type it with spaces, without hyphens, in capitals.
[[nodiscard]] Bytes hash_of_app_password(std::string_view password);

}  // namespace gridmail
