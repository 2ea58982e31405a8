// Where BODY[section] lies in a message: RFC 3501, section 6.4.5.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "protocols/mime/structure.hpp"

namespace gridmail::mime {

enum class SectionText : std::uint8_t { whole, header, text, mime };

/// The part that numbers like {1, 2, 3} name; no numbers: the root. A message that is no multipart has a part
/// 1, itself.
[[nodiscard]] std::optional<PartIndex> find_part(const Structure& structure,
                                                 std::span<const std::uint32_t> numbers);

/// The bytes of the section; HEADER.FIELDS selects from those of `header`. Nothing when there is no such
/// section: no such part, HEADER or TEXT of a part that is no message, MIME without a part number.
[[nodiscard]] std::optional<ByteRange> find_section(const Structure& structure,
                                                    std::span<const std::uint32_t> numbers, SectionText text);

}  // namespace gridmail::mime
