// What of a message SEARCH looks into, from its bytes (RFC 3501, section 6.4.4): every header, and every text
// part, decoded. Pure; decoding takes its time, so that it is done beside the event loops.
#pragma once
#include <vector>

#include "protocols/imap/search_matcher.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::imap {

/// The stretches that text_of() wants: a short message whole, of a long one headers and text parts only.
[[nodiscard]] std::vector<mime::ByteRange> searched_ranges(const mime::Structure& structure,
                                                           std::uint64_t size);

/// `pieces`: the bytes of searched_ranges(). Errors: corrupted, when structure and message differ.
[[nodiscard]] Result<SearchText> text_of(const mime::Structure& structure, std::uint64_t size,
                                         const std::vector<Bytes>& pieces);

}  // namespace gridmail::imap
