// Messages of MessageKind::intake, as another node may send them.
#include <cstddef>
#include <cstdint>

#include "storage/queue/intake_assembly.hpp"

using namespace gridmail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  IntakeAssembly assembly;
  const NodeId from{};
  // Several messages in one input, each behind its length.
  for (std::size_t at = 0; at + 2 <= size;) {
    const std::size_t length = (std::size_t{data[at]} << 8) | data[at + 1];
    at += 2;
    const std::size_t take = length < size - at ? length : size - at;
    queue::IntakeMessage message;
    const bool parsed = message.ParseFromArray(data + at, static_cast<int>(take));
    at += take;
    const auto id = IntakeId::from_bytes(message.id());
    if (!parsed || !id || !message.has_piece()) continue;
    if (assembly.add(from, *id, message.piece(), TimePoint{})) (void)assembly.take_complete(from, *id);
  }
  return 0;
}
