#include "protocols/mime/section.hpp"

namespace gridmail::mime {
namespace {

/// Where the parts of `part` are numbered: a message's own parts are those of its multipart, or its body as
/// part 1. Nothing when `part` has none.
std::optional<PartIndex> numbered_within(const Structure& structure, PartIndex part, std::uint32_t number) {
  const auto& parts = structure.parts;
  if (parts[part].kind == Kind::message) part = parts[part].children.front();
  if (parts[part].kind == Kind::multipart) {
    if (number == 0 || number > parts[part].children.size()) return std::nullopt;
    return parts[part].children[number - 1];
  }
  if (number == 1) return part;
  return std::nullopt;
}

}  // namespace

std::optional<PartIndex> find_part(const Structure& structure, std::span<const std::uint32_t> numbers) {
  PartIndex part = 0;
  bool at_root = true;
  for (const auto number : numbers) {
    const auto& here = structure.parts[part];
    // Below a part that is neither multipart nor message there are no numbers; of a message there is a
    // part 1.
    if (!at_root && here.kind == Kind::leaf) return std::nullopt;
    const auto found = at_root && here.kind == Kind::message
                           ? (number == 1 ? std::optional(part) : std::nullopt)
                           : numbered_within(structure, part, number);
    if (!found) return std::nullopt;
    part = *found;
    at_root = false;
  }
  return part;
}

std::optional<ByteRange> find_section(const Structure& structure, std::span<const std::uint32_t> numbers,
                                      SectionText text) {
  if (numbers.empty()) {
    const auto& root = structure.root();
    switch (text) {
      case SectionText::whole:
        return ByteRange{0, structure.size};
      case SectionText::header:
        return root.header();
      case SectionText::text:
        return root.body();
      case SectionText::mime:
        return std::nullopt;
    }
  }
  const auto part = find_part(structure, numbers);
  if (!part) return std::nullopt;
  const auto& found = structure.parts[*part];
  if (text == SectionText::whole) return found.body();
  if (text == SectionText::mime) return found.header();
  // "HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, and TEXT … MUST refer to a MESSAGE/RFC822 part" when numbered.
  if (found.kind != Kind::message) return std::nullopt;
  const auto& embedded = structure.parts[found.children.front()];
  return text == SectionText::header ? embedded.header() : embedded.body();
}

}  // namespace gridmail::mime
