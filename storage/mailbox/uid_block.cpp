#include "storage/mailbox/uid_block.hpp"

#include <bit>

namespace gridmail {

void UidBlock::append_to(UidSet& set, std::uint32_t number) const {
  for (std::uint32_t word = 0; word < exists_.size(); ++word) {
    const Uid base = first_of(number) + word * 64;
    auto bits = exists_[word];
    while (bits != 0) {
      const auto skip = static_cast<std::uint32_t>(std::countr_zero(bits));
      const auto length = static_cast<std::uint32_t>(std::countr_one(bits >> skip));
      set.add(base + skip, base + skip + length - 1);
      if (skip + length == 64) break;
      bits &= ~std::uint64_t{0} << (skip + length);
    }
  }
}

Uid UidBlock::first_unseen(std::uint32_t number) const {
  for (std::uint32_t word = 0; word < exists_.size(); ++word) {
    const auto unseen = exists_[word] & ~seen_[word];
    if (unseen != 0)
      return first_of(number) + word * 64 + static_cast<std::uint32_t>(std::countr_zero(unseen));
  }
  return 0;
}

Bytes UidBlock::encode() const {
  Bytes bytes;
  bytes.reserve(3 * uids / 8);
  for (const auto* bits : {&exists_, &seen_, &deleted_}) {
    for (const auto word : *bits) append_be64(bytes, word);
  }
  return bytes;
}

std::optional<UidBlock> UidBlock::decode(BytesView bytes) {
  if (bytes.size() != 3 * uids / 8) return std::nullopt;
  UidBlock block;
  std::size_t offset = 0;
  for (auto* bits : {&block.exists_, &block.seen_, &block.deleted_}) {
    for (auto& word : *bits) {
      word = read_be64(bytes, offset);
      offset += 8;
    }
  }
  return block;
}

}  // namespace gridmail
