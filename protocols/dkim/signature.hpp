// The DKIM-Signature field (RFC 6376, section 3.5), "relaxed" in header and body, of the whole body: no l=.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/clock.hpp"
#include "protocols/dkim/signing_key.hpp"

namespace gridmail::dkim {

/// What of a header is signed, in the order of h=. Names are as written in the list below; one whose field
/// occurs n times stands there n times, and once more where a further one would change what readers see: so
/// nobody can add a second From (section 8.15).
[[nodiscard]] std::vector<std::string> names_to_sign(BytesView header);

/// What is hashed for h=`names`: of each name the last field not yet taken, nothing where there is none
/// (section 5.4.2), then `signature`, a DKIM-Signature field with an empty b=, without its line end.
[[nodiscard]] Bytes text_to_sign(BytesView header, const std::vector<std::string>& names,
                                 BytesView signature);

struct Signing {
  std::string domain;
  std::string selector;
  WallMicros at = 0;
};
/// The field, folded, with CRLF. `header` is the header section, `body_hash` of the relaxed body. Errors:
/// unavailable.
[[nodiscard]] Result<std::string> signature_field(BytesView header, BytesView body_hash,
                                                  const Signing& signing, const SigningKey& key);

}  // namespace gridmail::dkim
