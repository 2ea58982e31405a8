#include "protocols/pop3/top_filter.hpp"

namespace gridmail::pop3 {

BytesView TopFilter::take(BytesView piece) {
  std::size_t at = 0;
  while (at < piece.size() && !done()) {
    const std::size_t lf = piece.find('\n', at);
    const BytesView line = piece.substr(at, lf == BytesView::npos ? lf : lf - at);
    if (!line.empty() && line != "\r") line_is_empty_ = false;
    if (lf == BytesView::npos) return piece;
    end_line();
    at = lf + 1;
  }
  return piece.substr(0, at);
}

void TopFilter::end_line() {
  if (in_body_) {
    --lines_left_;
  } else if (line_is_empty_) {
    in_body_ = true;
  }
  line_is_empty_ = true;
}

}  // namespace gridmail::pop3
