// How much clients may do in a grid whose administrators have never said so.
#pragma once
#include <string>
#include <string_view>

#include "storage/directory/directory.pb.h"

namespace gridmail {

/// As LimitTable writes them. More than people mistype behind one address, and too few to guess passwords.
inline constexpr std::string_view default_limits = "failed-log-ins-per-address=100/10m";

/// Those that hold.
[[nodiscard]] inline std::string limits_in(const directory::Settings& settings) {
  return settings.limits().empty() ? std::string(default_limits) : settings.limits();
}

}  // namespace gridmail
