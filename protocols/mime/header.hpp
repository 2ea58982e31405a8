// Header fields in raw bytes: walking, selecting, unfolding (RFC 5322, section 2.2). Pure functions on views.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail::mime {

/// One field, folded as it stands; views into the header.
struct Field {
  std::string_view name;  ///< as written; empty for a line that is no field (an mbox "From " line)
  BytesView value;        ///< after the colon, with inner line ends, without the last one
  BytesView line;         ///< all of it: name, colon, value, line end
};

/// Walks a header. Stops at the empty line, at a line that is neither field nor continuation, and at the end.
class FieldReader {
 public:
  explicit FieldReader(BytesView header) : rest_(header) {}
  [[nodiscard]] std::optional<Field> next();

 private:
  BytesView rest_;
};

/// The value on one line, without CR, LF and NUL, blanks at both ends dropped (section 2.2.3).
[[nodiscard]] std::string unfold(BytesView value);

/// The first field of that name, unfolded.
[[nodiscard]] std::optional<std::string> find_field(BytesView header, std::string_view name);

enum class Select : std::uint8_t { listed, not_listed };

/// HEADER.FIELDS and HEADER.FIELDS.NOT: the fields of `header` in their order, byte for byte, then an empty
/// line.
[[nodiscard]] Bytes select_fields(BytesView header, std::span<const std::string> names, Select select);

}  // namespace gridmail::mime
