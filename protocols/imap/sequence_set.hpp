// sequence-set of RFC 3501, section 9: message sequence numbers or UIDs as the client names them.
#pragma once
#include <cstdint>
#include <vector>

namespace gridmail::imap {

/// Stands for "*", the largest number in use; 0 is no nz-number.
inline constexpr std::uint32_t star = 0;

/// Either end may be the larger one: 2:4 and 4:2 name the same messages.
struct SequenceRange {
  std::uint32_t first;
  std::uint32_t last;
  bool operator==(const SequenceRange&) const = default;
};

using SequenceSet = std::vector<SequenceRange>;

}  // namespace gridmail::imap
