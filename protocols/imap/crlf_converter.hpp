// Lines of an appended message: bare LF becomes CRLF, NUL is found, the longest is measured. Pure.
#pragma once
#include <algorithm>
#include <string>

#include "node/base/bytes.hpp"

namespace gridmail::imap {

/// Feed the message in pieces of any size. A CR alone stays as it is.
class CrlfConverter {
 public:
  /// Appends to `out`.
  void convert(BytesView piece, std::string& out);
  /// RFC 3501, section 9: CHAR8 is anything but NUL.
  [[nodiscard]] bool saw_nul() const { return saw_nul_; }
  /// Of the longest line, without its end. Once all was fed.
  [[nodiscard]] std::size_t longest_line() const { return std::max(longest_line_, line_bytes_); }

 private:
  bool after_cr_ = false;
  bool saw_nul_ = false;
  std::size_t line_bytes_ = 0;  // of the present line, its CR among them
  std::size_t longest_line_ = 0;
};

}  // namespace gridmail::imap
