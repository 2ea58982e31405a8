// Where mail clients, and proxies for them, reach a node.
#pragma once
#include <map>
#include <string>

#include "node/base/host_port.hpp"
#include "node/config.hpp"

namespace gridmail {

/// By service, as under [listen]; hosts are IP addresses.
using ClientListeners = std::map<std::string, HostPort, std::less<>>;

/// The mail listeners that others can reach, where one that listens on every address is found at
/// `own_address`. One on loopback is for this machine only, unless the node itself is.
[[nodiscard]] ClientListeners reachable_listeners(const NodeConfig& config, const std::string& own_address);

}  // namespace gridmail
