// The form in which DKIM hashes a message: "relaxed", for header and body (RFC 6376, sections 3.4.2 and
// 3.4.4). Pure.
#pragma once
#include <sodium/crypto_hash_sha256.h>

#include "node/base/bytes.hpp"
#include "protocols/mime/header.hpp"

namespace gridmail::dkim {

/// "name:value" without a line end: the name in lower case, runs of blanks and folds as one blank.
[[nodiscard]] Bytes relaxed_field(const mime::Field& field);

/// SHA-256 of a body that streams by, in any pieces; lines end in CRLF.
class BodyHash {
 public:
  BodyHash();
  void feed(BytesView piece);
  /// The 32 bytes; nothing is fed afterwards.
  [[nodiscard]] Bytes finish();

 private:
  void put(BytesView text);

  crypto_hash_sha256_state state_;
  Bytes relaxed_;                 ///< not hashed yet
  std::uint64_t line_ends_ = 0;   ///< seen, and dropped unless more than empty lines follows
  bool blank_ = false;            ///< a run of blanks, dropped at a line's end
  bool carriage_return_ = false;  ///< the last byte was one
  bool is_empty_ = true;
};

}  // namespace gridmail::dkim
