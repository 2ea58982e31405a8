#include "node/services/directory/verified_passwords.hpp"

#include "node/services/directory/verified_password.pb.h"

namespace gridmail {
namespace {

constexpr std::chrono::seconds remembered = std::chrono::minutes(10);
constexpr std::size_t entries_max = 200'000;
constexpr std::size_t key_bytes = 32;
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t owner_bytes_max = 512;

Bytes hash_of(BytesView key, BytesView owner, std::uint64_t version, const std::string& password) {
  Bytes message;
  append_be64(message, version);
  append_be64(message, owner.size());
  message.append(owner).append(password);
  return blake2b(message, hash_bytes, key);
}

}  // namespace

VerifiedPasswords::VerifiedPasswords(Clock& clock, Random& random) : clock_(clock), key_(key_bytes, '\0') {
  random.fill(key_.data(), key_.size());
}

bool VerifiedPasswords::matches(BytesView owner, std::uint64_t version, const std::string& password) const {
  Verified known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = verified_.find(owner);
    if (found == verified_.end()) return false;
    known = found->second;
  }
  return known.version == version && clock_.now() < known.until &&
         equal_in_constant_time(known.hash, hash_of(known.key, owner, version, password));
}

Bytes VerifiedPasswords::remember(BytesView owner, std::uint64_t version, const std::string& password) {
  login::VerifiedPassword told;
  told.set_owner(Bytes(owner));
  told.set_version(version);
  told.set_key(key_);
  told.set_hash(hash_of(key_, owner, version, password));
  told.set_seconds(remembered.count());
  put(owner, {version, key_, told.hash(), clock_.now() + remembered});
  return told.SerializeAsString();
}

void VerifiedPasswords::take(BytesView bytes) {
  login::VerifiedPassword told;
  if (!told.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (told.owner().empty() || told.owner().size() > owner_bytes_max || told.key().size() != key_bytes ||
      told.hash().size() != hash_bytes) {
    return;
  }
  const auto seconds = std::min(std::chrono::seconds(told.seconds()), remembered);
  put(told.owner(), {told.version(), told.key(), told.hash(), clock_.now() + seconds});
}

void VerifiedPasswords::put(BytesView owner, Verified verified) {
  const std::lock_guard lock(mutex_);
  const auto found = verified_.find(owner);
  if (found != verified_.end()) {
    // News of an older record can come late, and must not displace what is known of the present one.
    const bool is_over = found->second.until <= clock_.now();
    if (is_over || verified.version >= found->second.version) found->second = std::move(verified);
    return;
  }
  if (verified_.size() >= entries_max) make_room();
  verified_.emplace(owner, std::move(verified));
}

void VerifiedPasswords::make_room() {
  const auto now = clock_.now();
  std::erase_if(verified_, [&](const auto& pair) { return pair.second.until <= now; });
  // All in use: forgetting costs a computation, and owners' ids are random, so any will do.
  while (verified_.size() >= entries_max) verified_.erase(verified_.begin());
}

std::size_t VerifiedPasswords::size() const {
  const std::lock_guard lock(mutex_);
  return verified_.size();
}

}  // namespace gridmail
