#include "protocols/imap/read_ahead.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridmail::imap {
namespace {

constexpr std::size_t window_ranges = 250;

}  // namespace

std::vector<MessageRange> ReadAhead::next_window() const {
  std::vector<MessageRange> wanted;
  std::uint64_t room = window_bytes;
  for (const auto& range : ranges_) {
    if (room == 0 || wanted.size() == window_ranges) break;
    wanted.push_back(range);
    wanted.back().length = std::min(range.length, room);
    room -= wanted.back().length;
  }
  return wanted;
}

Task<Result<void>> ReadAhead::load() {
  GRIDMAIL_ASSERT(pieces_.empty() && !ranges_.empty());
  const auto wanted = next_window();
  auto pieces = co_await mailboxes_.read(user_, wanted);
  if (!pieces) co_return tl::unexpected(pieces.error());
  pieces_.assign(std::make_move_iterator(pieces->begin()), std::make_move_iterator(pieces->end()));
  auto moved = move_past(wanted);
  if (!moved) pieces_.clear();
  co_return moved;
}

/// Every piece but the last is all that was asked for, and the first is not empty.
Result<void> ReadAhead::move_past(const std::vector<MessageRange>& wanted) {
  while (!pieces_.empty() && pieces_.back().empty()) pieces_.pop_back();
  if (pieces_.empty() || pieces_.size() > wanted.size()) return fail(Errc::corrupted, "message ends early");
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const bool is_whole = pieces_[i].size() == wanted[i].length;
    const bool is_cut = i + 1 == pieces_.size() && pieces_[i].size() < wanted[i].length;
    if (!is_whole && !is_cut) return fail(Errc::corrupted, "answer to another question");
  }
  for (const auto& piece : pieces_) {
    auto& range = ranges_.front();
    range.offset += piece.size();
    range.length -= piece.size();
    if (range.length > 0) break;
    ranges_.pop_front();
    ++taken_;
  }
  return {};
}

Bytes ReadAhead::take() {
  GRIDMAIL_ASSERT(!pieces_.empty());
  Bytes piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

void ReadAhead::skip_to(std::size_t place) {
  GRIDMAIL_ASSERT(pieces_.empty());
  for (; taken_ < place; ++taken_) ranges_.pop_front();
}

}  // namespace gridmail::imap
