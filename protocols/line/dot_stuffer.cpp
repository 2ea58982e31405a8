#include "protocols/line/dot_stuffer.hpp"

namespace gridmail {

void DotStuffer::append(std::string& out, BytesView piece) {
  if (piece.empty()) return;
  before_last_ = piece.size() > 1 ? piece[piece.size() - 2] : last_;
  last_ = piece.back();
  if (at_line_start_ && piece.front() == '.') out.push_back('.');
  // Only lines that start with a dot interrupt the copying.
  for (std::size_t from = 0;;) {
    const std::size_t found = piece.find("\n.", from);
    if (found == BytesView::npos) {
      out.append(piece.substr(from));
      break;
    }
    out.append(piece.substr(from, found + 1 - from)).push_back('.');
    from = found + 1;
  }
  at_line_start_ = last_ == '\n';
}

void DotStuffer::finish(std::string& out) {
  const bool ended = last_ == '\n' && before_last_ == '\r';
  out.append(ended ? ".\r\n" : "\r\n.\r\n");
}

}  // namespace gridmail
