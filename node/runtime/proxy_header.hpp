// The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): a balancer says in front of the
// client's first byte who the client is.
#pragma once
#include <asio/ip/address.hpp>
#include <optional>

#include "node/base/result.hpp"
#include "node/runtime/stream.hpp"

namespace gridmail {

struct ProxyHeader {
  std::optional<asio::ip::address>
      client;  ///< nothing: the proxy speaks for itself (LOCAL, UNKNOWN), as to see whether we live
};

/// Takes the header and not one byte more. The caller sets the deadline. Errors: invalid (something else
/// came, or its end).
[[nodiscard]] Task<Result<ProxyHeader>> read_proxy_header(Stream& stream);

}  // namespace gridmail
