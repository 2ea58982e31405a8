#include "gossip/transport/peer_frame.hpp"

#include <fmt/format.h>

#include <cstring>

namespace gridmail {
namespace {
constexpr std::size_t kept_bytes_max = std::size_t{256} << 10;  // of an idle connection
}

void append_frame(Bytes& out, std::uint16_t kind, BytesView payload) {
  append_be32(out, static_cast<std::uint32_t>(payload.size()));
  append_be16(out, kind);
  out.append(payload);
}

char* FrameReader::space() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (buffer_.size() > kept_bytes_max) buffer_ = {};
  } else if (begin_ > 0 && buffer_.size() - end_ < space_bytes()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // Doubling, so that a large frame is not copied once per read.
  if (buffer_.size() - end_ < space_bytes()) buffer_.resize(std::max(end_ + space_bytes(), 2 * end_));
  return buffer_.data() + end_;
}

Result<std::optional<Frame>> FrameReader::next(std::size_t payload_max) {
  if (end_ - begin_ < frame_header_bytes) return std::nullopt;
  const std::size_t size = read_be32(buffer_, begin_);
  if (size > payload_max) return fail(Errc::too_large, fmt::format("a frame of {} bytes", size));
  if (end_ - begin_ < frame_header_bytes + size) return std::nullopt;
  Frame frame{read_be16(buffer_, begin_ + 4), buffer_.substr(begin_ + frame_header_bytes, size)};
  begin_ += frame_header_bytes + size;
  return frame;
}

}  // namespace gridmail
