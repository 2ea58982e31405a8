#include "storage/directory/sealed_secret.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace gridmail {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t sealed_bytes_max = 256 * 1024;  // for 1,000 members, and more
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* octets(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(Bytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

/// Overwritten when it goes.
struct Key {
  std::array<unsigned char, key_bytes> bytes{};
  ~Key() { sodium_memzero(bytes.data(), bytes.size()); }
};

tl::unexpected<Error> damaged() {
  return fail(Errc::corrupted, "a sealed secret cannot be opened");
}

}  // namespace

directory::SealedSecret seal_secret(BytesView secret, const std::vector<Member>& members, Random& random) {
  Key key;
  random.fill(reinterpret_cast<char*>(key.bytes.data()), key.bytes.size());
  Bytes box(nonce_bytes + secret.size() + tag_bytes, '\0');
  random.fill(box.data(), nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(octets(box) + nonce_bytes, nullptr, octets(secret),
                                             secret.size(), nullptr, 0, nullptr, octets(box),
                                             key.bytes.data());
  directory::SealedSecret sealed;
  sealed.set_box(std::move(box));
  for (const auto& member : members) {
    std::array<unsigned char, crypto_box_PUBLICKEYBYTES> to{};
    if (member.public_key.size() != crypto_sign_PUBLICKEYBYTES ||
        crypto_sign_ed25519_pk_to_curve25519(to.data(), octets(member.public_key)) != 0) {
      continue;
    }
    Bytes for_member(key_bytes + crypto_box_SEALBYTES, '\0');
    if (crypto_box_seal(octets(for_member), key.bytes.data(), key.bytes.size(), to.data()) != 0) continue;
    auto& entry = *sealed.add_members();
    entry.set_node(member.id.bytes());
    entry.set_box(std::move(for_member));
  }
  return sealed;
}

bool is_sealed(const directory::SealedSecret& secret) {
  return !secret.box().empty() && secret.members_size() > 0 && secret.ByteSizeLong() <= sealed_bytes_max;
}

Result<Bytes> open_secret(const directory::SealedSecret& sealed, NodeId node, BytesView seed) {
  const auto mine = std::find_if(sealed.members().begin(), sealed.members().end(),
                                 [&](const auto& entry) { return entry.node() == node.bytes(); });
  if (mine == sealed.members().end()) return fail(Errc::not_found, "the secret is not sealed to this node");
  if (seed.size() != crypto_sign_SEEDBYTES || mine->box().size() != key_bytes + crypto_box_SEALBYTES ||
      sealed.box().size() < nonce_bytes + tag_bytes) {
    return damaged();
  }
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> signing_public{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> signing{};
  std::array<unsigned char, crypto_box_PUBLICKEYBYTES> own_public{};
  Key own, key;
  static_assert(crypto_box_SECRETKEYBYTES == key_bytes);
  crypto_sign_seed_keypair(signing_public.data(), signing.data(), octets(seed));
  const bool converted = crypto_sign_ed25519_sk_to_curve25519(own.bytes.data(), signing.data()) == 0;
  sodium_memzero(signing.data(), signing.size());
  if (!converted || crypto_scalarmult_base(own_public.data(), own.bytes.data()) != 0 ||
      crypto_box_seal_open(key.bytes.data(), octets(mine->box()), mine->box().size(), own_public.data(),
                           own.bytes.data()) != 0) {
    return damaged();
  }
  const BytesView box = sealed.box();
  Bytes secret(box.size() - nonce_bytes - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(octets(secret), nullptr, nullptr, octets(box) + nonce_bytes,
                                                 box.size() - nonce_bytes, nullptr, 0, octets(box),
                                                 key.bytes.data()) != 0) {
    return damaged();
  }
  return secret;
}

std::optional<NodeId> who_seals_anew(const directory::SealedSecret& sealed,
                                     const std::vector<Member>& members,
                                     const std::function<bool(NodeId)>& is_alive) {
  for (const auto& member : members) {
    const bool opens = std::any_of(sealed.members().begin(), sealed.members().end(),
                                   [&](const auto& entry) { return entry.node() == member.id.bytes(); });
    if (opens && is_alive(member.id)) return member.id;
  }
  return std::nullopt;
}

Result<std::optional<directory::SealedSecret>> sealed_anew(const directory::SealedSecret& sealed,
                                                           const std::vector<Member>& members,
                                                           const Sealer& sealer) {
  if (is_sealed_to(sealed, members)) return std::nullopt;
  if (who_seals_anew(sealed, members, sealer.is_alive) != sealer.self) return std::nullopt;
  const auto secret = open_secret(sealed, sealer.self, sealer.seed);
  if (!secret) return tl::unexpected(secret.error());
  return seal_secret(*secret, members, sealer.random);
}

bool seals_first(const std::vector<Member>& members, const Sealer& sealer) {
  const auto first = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return sealer.is_alive(member.id); });
  return first != members.end() && first->id == sealer.self;
}

bool is_sealed_to(const directory::SealedSecret& sealed, const std::vector<Member>& members) {
  return static_cast<std::size_t>(sealed.members_size()) == members.size() &&
         std::all_of(members.begin(), members.end(), [&](const Member& member) {
           return std::any_of(sealed.members().begin(), sealed.members().end(),
                              [&](const auto& entry) { return entry.node() == member.id.bytes(); });
         });
}

}  // namespace gridmail
