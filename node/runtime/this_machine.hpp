// Hosts that are the machine itself.
#pragma once
#include <string>

namespace gridmail {

/// Whether the host, a name or an address without brackets, is this machine's loopback: nobody on the way
/// hears what is sent there.
[[nodiscard]] bool is_this_machine(const std::string& host);

}  // namespace gridmail
