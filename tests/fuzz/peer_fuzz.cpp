// What another node sends: frames cut from a stream in any pieces, and the records in them. The first byte
// says how the rest is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "gossip/transport/peer_frame.hpp"
#include "storage/replication/copy.hpp"

namespace {

using namespace gridmail;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Frames come out as they were put in, however the stream is cut.
void frames(BytesView bytes, std::size_t piece) {
  FrameReader reader;
  Bytes again;
  bool broken = false;
  while (!bytes.empty() && !broken) {
    const std::size_t take = std::min({piece, bytes.size(), FrameReader::space_bytes()});
    std::memcpy(reader.space(), bytes.data(), take);
    reader.filled(take);
    bytes.remove_prefix(take);
    for (;;) {
      const auto frame = reader.next(1 << 16);
      broken = !frame;
      if (broken || !*frame) break;
      again.clear();
      append_frame(again, (*frame)->kind, (*frame)->payload);
      check(again.size() == frame_header_bytes + (*frame)->payload.size());
    }
  }
}

/// A slot message that parses can be taken apart and a history asked anything.
void slot_message(BytesView bytes) {
  replication::SlotMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  const auto history = from_record(message.open().history());
  const Position tail = from_record(message.open().tail());
  (void)contains(history, tail, from_record(message.commit()));
  for (auto& write : *message.mutable_entry()->mutable_writes()) {
    replication::Write again;
    to_record(from_record(std::move(write)), again);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  frames(bytes, std::size_t{1} + data[0]);
  slot_message(bytes);
  return 0;
}
