#include "protocols/mime/part_text.hpp"

#include <algorithm>

#include "protocols/text/charset.hpp"
#include "protocols/text/transfer_encoding.hpp"

namespace gridmail::mime {

const Parameter* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

Bytes decoded_body(const Part& part, BytesView body) {
  return text::decode_transfer(body, part.encoding);
}

std::string decoded_text(const Part& part, BytesView body) {
  const auto* const charset = find_parameter(part.parameters, "charset");
  return text::to_utf8(decoded_body(part, body), charset ? charset->value : "us-ascii");
}

}  // namespace gridmail::mime
