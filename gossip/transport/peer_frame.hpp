// Frames between nodes: length (u32, of the payload), kind (u16), payload; integers big-endian. Pure.
#pragma once
#include <cstdint>
#include <optional>

#include "node/base/bytes.hpp"
#include "node/base/result.hpp"

namespace gridmail {

inline constexpr std::size_t frame_bytes_max = std::size_t{64} << 20;
inline constexpr std::size_t frame_header_bytes = 6;

struct Frame {
  std::uint16_t kind = 0;
  Bytes payload;
};

void append_frame(Bytes& out, std::uint16_t kind, BytesView payload);

/// Cuts a stream of bytes into frames. Holds no memory between frames but what the last ones left, at most a
/// few hundred KiB; never allocates on the word of a length field alone.
class FrameReader {
 public:
  /// Room to read into; what was read is reported by filled().
  [[nodiscard]] char* space();
  [[nodiscard]] static constexpr std::size_t space_bytes() { return std::size_t{64} << 10; }
  void filled(std::size_t bytes) { end_ += bytes; }

  /// The next whole frame, or nothing yet. Errors: too_large (over `payload_max`); the stream is then
  /// useless.
  [[nodiscard]] Result<std::optional<Frame>> next(std::size_t payload_max = frame_bytes_max);

 private:
  Bytes buffer_;
  std::size_t begin_ = 0;  // buffer_[begin_, end_) is unread
  std::size_t end_ = 0;
};

}  // namespace gridmail
