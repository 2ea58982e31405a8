#include "protocols/imap/crlf_converter.hpp"

#include <algorithm>

namespace gridmail::imap {

void CrlfConverter::convert(BytesView piece, std::string& out) {
  if (piece.empty()) return;
  saw_nul_ = saw_nul_ || piece.find('\0') != BytesView::npos;
  std::size_t start = 0;
  std::size_t line_start = 0;
  for (std::size_t lf = piece.find('\n'); lf != BytesView::npos; lf = piece.find('\n', lf + 1)) {
    const bool bare = lf == 0 ? !after_cr_ : piece[lf - 1] != '\r';
    line_bytes_ += lf - line_start;
    longest_line_ = std::max(longest_line_, bare ? line_bytes_ : line_bytes_ - 1);
    line_bytes_ = 0;
    line_start = lf + 1;
    if (!bare) continue;
    out.append(piece.substr(start, lf - start)).append("\r");
    start = lf;
  }
  out.append(piece.substr(start));
  line_bytes_ += piece.size() - line_start;
  after_cr_ = piece.back() == '\r';
}

}  // namespace gridmail::imap
