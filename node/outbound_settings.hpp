// What a node's configuration means for mail that leaves it.
#pragma once
#include "node/config.hpp"
#include "node/services/outbound/remote_sender.hpp"

namespace gridmail {

/// Reads the password at the smart host; one that is not this machine then needs TLS and a certificate for
/// its name. Errors: invalid, when there is none.
[[nodiscard]] Result<OutboundSettings> outbound_settings(const NodeConfig& config);

}  // namespace gridmail
