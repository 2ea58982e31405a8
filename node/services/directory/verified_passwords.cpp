#include "node/services/directory/verified_passwords.hpp"

namespace gridmail {
namespace {

constexpr Duration remembered = std::chrono::minutes(10);
constexpr std::size_t entries_max = 200'000;
constexpr std::size_t key_bytes = 32;

}  // namespace

VerifiedPasswords::VerifiedPasswords(Clock& clock, Random& random) : clock_(clock), key_(key_bytes, '\0') {
  random.fill(key_.data(), key_.size());
}

Bytes VerifiedPasswords::hash_of(BytesView owner, std::uint64_t version, const std::string& password) const {
  Bytes message;
  append_be64(message, version);
  append_be64(message, owner.size());
  message.append(owner).append(password);
  return blake2b(message, 32, key_);
}

bool VerifiedPasswords::matches(BytesView owner, std::uint64_t version, const std::string& password) const {
  const auto hash = hash_of(owner, version, password);
  const std::lock_guard lock(mutex_);
  const auto found = verified_.find(owner);
  return found != verified_.end() && found->second.version == version && clock_.now() < found->second.until &&
         equal_in_constant_time(found->second.hash, hash);
}

void VerifiedPasswords::remember(BytesView owner, std::uint64_t version, const std::string& password) {
  auto hash = hash_of(owner, version, password);
  const std::lock_guard lock(mutex_);
  if (verified_.size() >= entries_max) make_room();
  verified_[Bytes(owner)] = {version, std::move(hash), clock_.now() + remembered};
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
