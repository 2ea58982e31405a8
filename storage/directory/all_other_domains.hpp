// The name under which a route is everybody's who has none.
#pragma once
#include <string_view>

namespace gridmail {

inline constexpr std::string_view all_other_domains = "*";

}  // namespace gridmail
