#include "gossip/transport/peer_frame.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

using namespace gridmail;

namespace {

void feed(FrameReader& reader, BytesView bytes) {
  std::memcpy(reader.space(), bytes.data(), bytes.size());
  reader.filled(bytes.size());
}

}  // namespace

TEST_CASE("frames come out as they went in, however the stream is cut") {
  Bytes stream;
  append_frame(stream, 1, "hello");
  append_frame(stream, 2, "");
  append_frame(stream, 3, Bytes(300'000, 'x'));
  append_frame(stream, 4, "end");
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{60'000}}) {
    FrameReader reader;
    std::vector<std::uint16_t> kinds;
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      feed(reader, BytesView(stream).substr(at, step));
      for (auto frame = reader.next(); *frame; frame = reader.next()) {
        kinds.push_back((*frame)->kind);
        bytes += (*frame)->payload.size();
      }
    }
    CHECK(kinds == std::vector<std::uint16_t>{1, 2, 3, 4});
    CHECK(bytes == 300'008);
  }
}

TEST_CASE("a frame over the limit is refused by its header alone") {
  FrameReader reader;
  Bytes header;
  append_be32(header, 1001);
  append_be16(header, 0);
  feed(reader, header);
  const auto frame = reader.next(1000);
  REQUIRE_FALSE(frame.has_value());
  CHECK(frame.error().code == Errc::too_large);
}
