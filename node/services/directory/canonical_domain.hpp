// A domain as the directory keeps it.
#pragma once
#include <string>

#include "node/base/result.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {

/// As a lower-case A-label. Errors: invalid.
[[nodiscard]] inline Result<std::string> canonical_domain(const std::string& name) {
  auto text = text::to_ascii_domain(name);
  if (!text) return fail(Errc::invalid, "not a domain: " + name);
  return std::move(*text);
}

}  // namespace gridmail
