// How long a line of a message may be, however it comes: after DATA, in BDAT's chunks, by APPEND.
#pragma once
#include <cstddef>

namespace gridmail {

/// Without its end.
inline constexpr std::size_t message_line_bytes_max = 1024 * 1024;

}  // namespace gridmail
