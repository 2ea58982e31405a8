// Structured MIME fields: Content-Type (RFC 2045, section 5.1), Content-Disposition (RFC 2183),
// Content-Language, and parameters with the continuations and charsets of RFC 2231.
#pragma once
#include <string>
#include <vector>

#include "node/base/bytes.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

struct ContentType {
  std::string type = "text", subtype = "plain";  ///< lower case
  std::vector<Parameter> parameters;
};

struct Disposition {
  std::string kind;  ///< lower case
  std::vector<Parameter> parameters;
};

/// All take the unfolded value.
/// What is not type "/" subtype is text/plain (RFC 2045, section 5.2); its parameters are read all the same,
/// since "text; charset=utf-8" occurs.
[[nodiscard]] ContentType parse_content_type(BytesView value);
[[nodiscard]] Disposition parse_disposition(BytesView value);
/// The first token in lower case: Content-Transfer-Encoding.
[[nodiscard]] std::string parse_token(BytesView value);
/// Content-Language: tokens with commas between them.
[[nodiscard]] std::vector<std::string> parse_tokens(BytesView value);

}  // namespace gridmail::mime
