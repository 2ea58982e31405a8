#include "protocols/imap/search_text.hpp"

#include "protocols/mime/part_text.hpp"

namespace gridmail::imap {
namespace {

constexpr std::uint64_t whole_bytes_max = 256 * 1024;

bool is_text(const mime::Part& part) {
  return part.kind == mime::Kind::leaf && part.type == "text";
}

}  // namespace

std::vector<mime::ByteRange> searched_ranges(const mime::Structure& structure, std::uint64_t size) {
  if (size <= whole_bytes_max) return {{0, size}};
  std::vector<mime::ByteRange> ranges;
  for (const auto& message : structure.messages) ranges.push_back(structure.parts[message.root].header());
  for (const auto& part : structure.parts) {
    if (is_text(part)) ranges.push_back(part.body());
  }
  return ranges;
}

Result<SearchText> text_of(const mime::Structure& structure, std::uint64_t size,
                           const std::vector<Bytes>& pieces) {
  auto next_piece = pieces.begin();
  const auto bytes_of = [&](mime::ByteRange range) -> std::optional<BytesView> {
    if (size > whole_bytes_max)
      return next_piece == pieces.end() ? std::nullopt : std::optional(BytesView(*next_piece++));
    const BytesView whole = pieces.front();
    if (range.offset > whole.size() || range.length > whole.size() - range.offset) return std::nullopt;
    return whole.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
  };
  SearchText text;
  for (const auto& message : structure.messages) {
    const auto header = bytes_of(structure.parts[message.root].header());
    if (!header) return fail(Errc::corrupted, "structure and message differ");
    text.headers.emplace_back(*header);
  }
  for (const auto& part : structure.parts) {
    if (!is_text(part)) continue;
    const auto body = bytes_of(part.body());
    if (!body) return fail(Errc::corrupted, "structure and message differ");
    text.texts.push_back(mime::decoded_text(part, *body));
  }
  return text;
}

}  // namespace gridmail::imap
