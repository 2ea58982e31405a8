#include "protocols/line/line_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "node/base/result.hpp"

namespace gridmail {

std::optional<Line> LineBuffer::take_line(std::size_t bytes_max) {
  const BytesView unsearched = buffered().substr(searched_);
  const std::size_t found = unsearched.find('\n');
  if (found == BytesView::npos) {
    searched_ = end_ - begin_;
    const bool is_too_long = searched_ > bytes_max + 1;  // one more: its CR may be the last byte
    if (is_too_long && !std::exchange(dropping_, true)) {
      beginning_ = buffered().substr(0, beginning_bytes);
    }
    if (dropping_) consume(searched_);
    return std::nullopt;
  }
  std::string_view text = buffered().substr(0, searched_ + found);
  Line::Flaw flaw = Line::Flaw::bare_lf;
  if (!text.empty() && text.back() == '\r') {
    text.remove_suffix(1);
    flaw = Line::Flaw::none;
  }
  consume(searched_ + found + 1);
  if (std::exchange(dropping_, false)) return Line{beginning_, Line::Flaw::too_long};
  if (text.size() > bytes_max) return Line{text.substr(0, beginning_bytes), Line::Flaw::too_long};
  return Line{text, flaw};
}

void LineBuffer::consume(std::size_t bytes) {
  GRIDMAIL_ASSERT(bytes <= end_ - begin_);
  begin_ += bytes;
  searched_ = 0;
}

void LineBuffer::discard() {
  begin_ = end_ = searched_ = 0;
  dropping_ = false;
}

LineBuffer::Space LineBuffer::space() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_) {
    if (begin_ > 0) {
      std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    } else {
      reallocate(std::max(capacity_small, capacity_ * 2));
    }
  }
  return {memory_.get() + end_, capacity_ - end_};
}

void LineBuffer::reserve(std::size_t capacity) {
  if (capacity > capacity_) reallocate(capacity);
}

void LineBuffer::release() {
  if (capacity_ > capacity_small && end_ - begin_ <= capacity_small) reallocate(capacity_small);
}

void LineBuffer::reallocate(std::size_t capacity) {
  std::unique_ptr<char[]> memory(new char[capacity]);  // not make_unique, which would clear it
  const std::size_t kept = end_ - begin_;
  if (kept > 0) std::memcpy(memory.get(), memory_.get() + begin_, kept);
  memory_ = std::move(memory);
  capacity_ = capacity;
  begin_ = 0;
  end_ = kept;
}

}  // namespace gridmail
