// Which hosts take a domain's mail, and in which order they are tried (RFC 5321, section 5.1).
#pragma once
#include <string>
#include <vector>

#include "node/base/random.hpp"
#include "node/base/result.hpp"
#include "protocols/ports/resolver.hpp"

namespace gridmail::smtp {

/// The exchangers by preference, those of one preference in random order, each host once. Where one of them
/// is `own_name`, it and all that are no better are left out. Errors: invalid, when the domain takes no mail
/// (a null MX, RFC 7505); unsupported, when the best exchanger is this node itself.
[[nodiscard]] Result<std::vector<std::string>> order_exchangers(std::vector<ports::Exchanger> exchangers,
                                                                const std::string& own_name, Random& random);

}  // namespace gridmail::smtp
