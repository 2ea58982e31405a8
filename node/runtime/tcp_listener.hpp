// Opens a listening TCP socket, or says in words why not.
#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "node/base/result.hpp"

namespace gridmail {

/// `address` is an IP address; "::" takes IPv4 as well. `name` says in errors what the listener is for.
/// Errors: busy (the port is in use), denied (a port below 1024 without the right to it), invalid.
[[nodiscard]] Result<asio::ip::tcp::acceptor> listen_on(const asio::any_io_executor& executor,
                                                        const std::string& name, const std::string& address,
                                                        std::uint16_t port);

}  // namespace gridmail
