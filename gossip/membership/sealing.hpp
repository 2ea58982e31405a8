// Sealed datagrams: XChaCha20-Poly1305 under the grid's key ring, each taken once.
//
//   byte  0       format, 1
//   bytes 1-16    the sender's id
//   bytes 17-24   session: drawn from the sender's clock when it starts, so that it rises
//   bytes 25-32   counter within the session, from 1
//   bytes 33-56   nonce
//   then          the sealed text with its tag; all before it, up to the nonce, is authenticated too
#pragma once
#include <map>

#include "gossip/membership/duplicate_watch.hpp"
#include "gossip/membership/key_ring.hpp"
#include "node/base/ids.hpp"
#include "node/base/result.hpp"

namespace gridmail {

/// Takes each counter of a session once; sessions only rise. As the window of RFC 6479, of 64 counters.
class ReplayWindow {
 public:
  [[nodiscard]] bool take(std::uint64_t session, std::uint64_t counter);
  /// The sender itself says, over an authenticated connection, which session is its present one.
  void reset(std::uint64_t session);

 private:
  std::uint64_t session_ = 0;
  std::uint64_t highest_ = 0;
  std::uint64_t seen_ = 0;  // bit i: highest_ - i was taken
};

/// One strand. The key ring holds any member's word for who sent a datagram: seals keep strangers out, not
/// members.
class DatagramSealer {
 public:
  DatagramSealer(NodeId self, std::uint64_t session, KeyRing keys, Random& random);

  static constexpr std::size_t overhead_bytes = 1 + 16 + 8 + 8 + 24 + 16;

  [[nodiscard]] bool can_seal() const { return !keys_.keys.empty(); }
  /// Only when there is a key.
  [[nodiscard]] Bytes seal(BytesView text);
  struct Opened {
    NodeId from;
    Bytes text;
  };
  /// Errors: corrupted (no seal of ours), denied (taken before, or too old to tell).
  [[nodiscard]] Result<Opened> open(BytesView datagram, TimePoint now);
  /// Two running processes seal datagrams as this node.
  [[nodiscard]] bool is_duplicated(NodeId node, TimePoint now) const;

  void set_keys(KeyRing keys);
  [[nodiscard]] std::uint64_t session() const { return session_; }
  void set_session_of(NodeId node, std::uint64_t session) { peers_[node].window.reset(session); }

 private:
  NodeId self_;
  std::uint64_t session_;
  std::uint64_t counter_ = 0;
  KeyRing keys_;
  Random& random_;
  struct Peer {
    ReplayWindow window;
    DuplicateWatch watch;
  };
  std::map<NodeId, Peer> peers_;
};

}  // namespace gridmail
