// This program's version, from the build (CMakeLists.txt, project VERSION).
#pragma once
#include <string_view>

namespace gridmail {

inline constexpr std::string_view version = GRIDMAIL_VERSION;

}  // namespace gridmail
