#include "node/base/ids.hpp"

namespace gridmail {

SlotId slot_of(BytesView key, std::uint32_t slots) {
  return static_cast<SlotId>(read_be64(blake2b(key, 16)) % slots);
}

}  // namespace gridmail
