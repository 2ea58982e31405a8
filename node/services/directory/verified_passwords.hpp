// VerifiedPasswords: remembers for some minutes which password was right, here or on another node, so that
// neither clients that reconnect all day nor those of a node that died cost an Argon2id each (design, section
// 8).
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"
#include "node/base/random.hpp"

namespace gridmail {

/// Thread-safe. Keeps a hash under a key of the process that verified it, never a password; in memory only,
/// and no more than 200,000 of them.
class VerifiedPasswords {
 public:
  VerifiedPasswords(Clock& clock, Random& random);

  /// `owner` is a user's id or an administrator's name; `version` that of the record the password was
  /// verified against.
  [[nodiscard]] bool matches(BytesView owner, std::uint64_t version, const std::string& password) const;
  /// Returns what take() of the other nodes understands.
  [[nodiscard]] Bytes remember(BytesView owner, std::uint64_t version, const std::string& password);
  /// What a member of the grid has verified. What cannot be read, or is of an older record, changes nothing.
  void take(BytesView told);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Verified {
    std::uint64_t version = 0;
    Bytes key;
    Bytes hash;
    TimePoint until;
  };
  void put(BytesView owner, Verified verified);
  void make_room();

  Clock& clock_;
  Bytes key_;
  mutable std::mutex mutex_;
  std::map<Bytes, Verified, std::less<>> verified_;
};

}  // namespace gridmail
