#include "gossip/membership/sealing.hpp"

#include <sodium.h>

#include <optional>

namespace gridmail {
namespace {

constexpr char format = 1;
constexpr std::size_t head_bytes = 1 + 16 + 8 + 8;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(DatagramSealer::overhead_bytes == head_bytes + nonce_bytes + tag_bytes);
static_assert(gossip_key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* raw(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::optional<Bytes> decrypt(BytesView datagram, const Bytes& key) {
  const auto sealed = datagram.substr(head_bytes + nonce_bytes);
  Bytes text(sealed.size() - tag_bytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(text.data()), nullptr, nullptr, raw(sealed), sealed.size(),
      raw(datagram), head_bytes, raw(datagram.substr(head_bytes)), raw(key));
  if (failed != 0) return std::nullopt;
  return text;
}

void check(const KeyRing& ring) {
  for (const auto& key : ring.keys) GRIDMAIL_ASSERT(key.size() == gossip_key_bytes);
}

}  // namespace

Bytes draw_gossip_key(Random& random) {
  Bytes key(gossip_key_bytes, '\0');
  random.fill(key.data(), key.size());
  return key;
}

bool ReplayWindow::take(std::uint64_t session, std::uint64_t counter) {
  if (session < session_) return false;
  if (session > session_) reset(session);
  if (counter > highest_) {
    const auto ahead = counter - highest_;
    seen_ = ahead < 64 ? (seen_ << ahead) | 1 : 1;
    highest_ = counter;
    return true;
  }
  const auto behind = highest_ - counter;
  if (counter == 0 || behind >= 64 || (seen_ >> behind & 1) != 0) return false;
  seen_ |= std::uint64_t{1} << behind;
  return true;
}

void ReplayWindow::reset(std::uint64_t session) {
  if (session == session_) return;
  session_ = session;
  highest_ = seen_ = 0;
}

DatagramSealer::DatagramSealer(NodeId self, std::uint64_t session, KeyRing keys, Random& random)
    : self_(self), session_(session), keys_(std::move(keys)), random_(random) {
  check(keys_);
}

void DatagramSealer::set_keys(KeyRing keys) {
  check(keys);
  keys_ = std::move(keys);
}

Bytes DatagramSealer::seal(BytesView text) {
  GRIDMAIL_ASSERT(can_seal());
  Bytes out(1, format);
  out += self_.view();
  append_be64(out, session_);
  append_be64(out, ++counter_);
  Bytes nonce(nonce_bytes, '\0');
  random_.fill(nonce.data(), nonce.size());
  Bytes sealed(text.size() + tag_bytes, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(sealed.data()), nullptr,
                                             raw(text), text.size(), raw(out), out.size(), nullptr,
                                             raw(nonce), raw(keys_.keys.front()));
  return out + nonce + sealed;
}

Result<DatagramSealer::Opened> DatagramSealer::open(BytesView datagram, TimePoint now) {
  if (datagram.size() < overhead_bytes || datagram.front() != format) {
    return fail(Errc::corrupted, "not a datagram of this grid");
  }
  for (const auto& key : keys_.keys) {
    auto text = decrypt(datagram, key);
    if (!text) continue;
    const NodeId from = *NodeId::from_bytes(datagram.substr(1, 16));
    const auto session = read_be64(datagram, 17);
    const auto counter = read_be64(datagram, 25);
    auto& peer = peers_[from];
    peer.watch.saw(session, counter, now);
    if (!peer.window.take(session, counter)) {
      return fail(Errc::denied, "a datagram came twice");
    }
    return Opened{from, std::move(*text)};
  }
  return fail(Errc::corrupted, "no key of the ring opens this datagram");
}

bool DatagramSealer::is_duplicated(NodeId node, TimePoint now) const {
  const auto at = peers_.find(node);
  return at != peers_.end() && at->second.watch.two_live(now);
}

}  // namespace gridmail
