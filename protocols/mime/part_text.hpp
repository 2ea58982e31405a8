// What a part says, for SEARCH BODY and TEXT: transfer encoding and charset undone.
#pragma once
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

/// The first parameter of that (lower-case) name.
[[nodiscard]] const Parameter* find_parameter(const std::vector<Parameter>& parameters,
                                              std::string_view name);

/// `body` is the part's body as stored; the octets it stands for.
[[nodiscard]] Bytes decoded_body(const Part& part, BytesView body);

/// The same as UTF-8 by the part's charset; for parts of type text.
[[nodiscard]] std::string decoded_text(const Part& part, BytesView body);

}  // namespace gridmail::mime
