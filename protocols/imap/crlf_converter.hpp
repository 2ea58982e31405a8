// Lines of an appended message: bare LF becomes CRLF, NUL is found. Pure.
#pragma once
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

 private:
  bool after_cr_ = false;
  bool saw_nul_ = false;
};

}  // namespace gridmail::imap
