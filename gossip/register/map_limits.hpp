// What a map may grow to, and the newest format this program reads.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gridmail {

inline constexpr std::uint32_t map_format_level_max = 1;
inline constexpr std::size_t map_members_max = 4096;
inline constexpr std::size_t map_rows_max = 65536 + 1;
inline constexpr std::size_t map_bytes_max = std::size_t{16} << 20;

}  // namespace gridmail
