// VerifiedPasswords: remembers for some minutes which password was right, so that clients that reconnect all
// day do not cost an Argon2id each (design, section 8).
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/random.hpp"

namespace gridmail {

/// Thread-safe. Keeps a hash under a key of this process, never a password; in memory only.
class VerifiedPasswords {
 public:
  VerifiedPasswords(Clock& clock, Random& random);

  /// `owner` is a user's id or an administrator's name; `version` that of the record the password was
  /// verified against.
  [[nodiscard]] bool matches(BytesView owner, std::uint64_t version, const std::string& password) const;
  void remember(BytesView owner, std::uint64_t version, const std::string& password);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Verified {
    std::uint64_t version = 0;
    Bytes hash;
    TimePoint until;
  };
  [[nodiscard]] Bytes hash_of(BytesView owner, std::uint64_t version, const std::string& password) const;
  void make_room();

  Clock& clock_;
  Bytes key_;
  mutable std::mutex mutex_;
  std::map<Bytes, Verified, std::less<>> verified_;
};

}  // namespace gridmail
