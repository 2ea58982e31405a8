// A node's identity: an Ed25519 key pair, made at the first start and kept for the life of the node's data.
#pragma once
#include <filesystem>

#include "node/base/ids.hpp"
#include "node/base/result.hpp"
#include "node/runtime/tls_certificate.hpp"

namespace gridmail {

/// BLAKE2b-128 of the raw Ed25519 public key: also the fingerprint in join tokens.
[[nodiscard]] NodeId node_id_of(BytesView public_key);

/// Immutable. The certificate only carries the key into TLS; peers pin the key itself.
class TlsIdentity {
 public:
  /// Reads the PEM file (PKCS #8, RFC 5958), or creates it with mode 0600, synced before this returns.
  /// Errors: io, corrupted, unsupported (not an Ed25519 key).
  [[nodiscard]] static Result<TlsIdentity> load_or_create(const std::filesystem::path& key_file);
  /// A fresh one that is stored nowhere.
  [[nodiscard]] static TlsIdentity draw();

  [[nodiscard]] NodeId node_id() const { return node_id_; }
  /// 32 bytes.
  [[nodiscard]] const Bytes& public_key() const { return public_key_; }
  /// The private key, 32 bytes (RFC 8032, 5.1.5): for what is sealed to this node.
  [[nodiscard]] Bytes seed() const;
  [[nodiscard]] EVP_PKEY& key() const { return *key_; }
  [[nodiscard]] X509& certificate() const { return *certificate_; }

 private:
  explicit TlsIdentity(PrivateKey key);

  PrivateKey key_;
  Bytes public_key_;
  NodeId node_id_;
  Certificate certificate_;
};

/// The raw public key of an Ed25519 key; nothing for a key of another kind.
[[nodiscard]] std::optional<Bytes> raw_public_key(const EVP_PKEY& key);

}  // namespace gridmail
