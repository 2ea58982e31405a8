// Connections between nodes: TLS 1.3, both sides show their key, and a pinned key decides.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gossip/transport/peer_frame.hpp"
#include "gossip/transport/tls_identity.hpp"
#include "node/base/clock.hpp"
#include "node/runtime/tls_socket.hpp"

namespace gridmail {

/// Made once per identity; certificates of any Ed25519 key are let through, the caller looks at the key.
struct PeerTls {
  explicit PeerTls(const TlsIdentity& identity);
  TlsContext client;
  TlsContext server;
};

/// The other side's key; nothing before the handshake.
[[nodiscard]] std::optional<Bytes> peer_public_key(const TlsSocket& socket);

/// Has the kernel find out within about 3 s that the other side is gone.
void watch_for_half_open(asio::ip::tcp::socket& socket);

using PeerSocket = std::shared_ptr<TlsSocket>;

/// Tries the addresses in turn until one answers with the expected key. Never throws but on cancellation.
/// Errors: unavailable; timed_out; denied (another key than expected); invalid (no usable address).
[[nodiscard]] Task<Result<PeerSocket>> dial(Clock& clock, TlsContext context,
                                            std::vector<std::string> addresses, NodeId expected,
                                            TimePoint deadline);

/// Reads until `reader` has a whole frame. Errors: unavailable (closed or broken), too_large.
[[nodiscard]] Task<Result<Frame>> read_frame(TlsSocket& socket, FrameReader& reader, std::size_t payload_max);
/// Errors: unavailable.
[[nodiscard]] Task<Result<void>> write_bytes(TlsSocket& socket, BytesView bytes);

}  // namespace gridmail
