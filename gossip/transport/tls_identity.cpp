#include "gossip/transport/tls_identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace gridmail {
namespace {

constexpr std::size_t ed25519_key_bytes = 32;  // RFC 8032, 5.1.5

tl::unexpected<Error> fail_with_errno(const std::filesystem::path& file, const char* what) {
  return fail(Errc::io, fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(errno)));
}

Result<PrivateKey> read_key(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail_with_errno(file, "read");
  const Bytes pem{std::istreambuf_iterator<char>(in), {}};
  const OpenSslBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key)
    return fail(Errc::corrupted, fmt::format("{} holds no key: {}", file.string(), take_openssl_error()));
  if (!raw_public_key(*key))
    return fail(Errc::unsupported, fmt::format("{} is not an Ed25519 key", file.string()));
  return key;
}

Bytes to_pem(EVP_PKEY& key) {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool write_and_sync(int descriptor, BytesView bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(descriptor) == 0;
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

/// Under another name first: a crash leaves the whole key or none.
Result<void> write_key(const std::filesystem::path& file, EVP_PKEY& key) {
  auto draft = file;
  draft += ".new";
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail_with_errno(draft, "create");
  const bool written = write_and_sync(descriptor, to_pem(key));
  ::close(descriptor);
  if (!written) return fail_with_errno(draft, "write");
  if (std::rename(draft.c_str(), file.c_str()) != 0) return fail_with_errno(file, "create");
  sync_folder(file.parent_path());
  return {};
}

}  // namespace

NodeId node_id_of(BytesView public_key) {
  return *NodeId::from_bytes(blake2b(public_key, 16));
}

std::optional<Bytes> raw_public_key(const EVP_PKEY& key) {
  if (EVP_PKEY_is_a(&key, "ED25519") != 1) return std::nullopt;
  Bytes raw(ed25519_key_bytes, '\0');
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(&key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1 ||
      size != raw.size()) {
    return std::nullopt;
  }
  return raw;
}

TlsIdentity::TlsIdentity(PrivateKey key)
    : key_(std::move(key)),
      public_key_(*raw_public_key(*key_)),
      node_id_(node_id_of(public_key_)),
      certificate_(self_signed_certificate(*key_, node_id_.hex())) {}

Bytes TlsIdentity::seed() const {
  Bytes raw(ed25519_key_bytes, '\0');
  std::size_t size = raw.size();
  EVP_PKEY_get_raw_private_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
  return raw;
}

TlsIdentity TlsIdentity::draw() {
  return TlsIdentity(generate_ed25519_key());
}

Result<TlsIdentity> TlsIdentity::load_or_create(const std::filesystem::path& key_file) {
  std::error_code error;
  if (std::filesystem::exists(key_file, error)) {
    auto key = read_key(key_file);
    if (!key) return tl::unexpected(key.error());
    return TlsIdentity(std::move(*key));
  }
  auto identity = draw();
  if (auto written = write_key(key_file, identity.key()); !written) return tl::unexpected(written.error());
  return identity;
}

}  // namespace gridmail
