#include "protocols/pop3/top_filter.hpp"

namespace gridmail::pop3 {

BytesView TopFilter::take(BytesView piece) {
  std::size_t at = 0;
  while (at < piece.size() && !done()) {
    const std::size_t lf = piece.find('\n', at);
    const BytesView line = piece.substr(at, lf == BytesView::npos ? lf : lf - at);
    if (line_bytes_ == 0) starts_with_cr_ = line.starts_with('\r');
    line_bytes_ += line.size();
    if (lf == BytesView::npos) return piece;
    end_line();
    at = lf + 1;
  }
  return piece.substr(0, at);
}

void TopFilter::end_line() {
  const bool is_empty = line_bytes_ == 0 || (line_bytes_ == 1 && starts_with_cr_);
  if (in_body_) {
    --lines_left_;
  } else if (is_empty) {
    in_body_ = true;
  }
  line_bytes_ = 0;
}

}  // namespace gridmail::pop3
