// Names in a configuration file as the API keeps them, so that they can be compared. Pure.
#pragma once
#include "node/cli/config_file.hpp"

namespace gridmail::cli {

/// What parse_config_file() gave, with the keys of each section, the names of domains, and the limits in the
/// API's form. Addresses in arrays stay as written: of those elsewhere nobody but the other server knows what
/// case means. Errors: invalid (not an address, not a domain, wrong limits, or twice the same name).
[[nodiscard]] Result<Json> canonical_config(const Json& config);

/// An address in the form in which two are compared; what is none stays as it is.
[[nodiscard]] std::string comparable_address(const std::string& address);

}  // namespace gridmail::cli
