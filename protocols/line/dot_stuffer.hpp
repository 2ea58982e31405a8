// Dot-stuffing of a multi-line answer (RFC 5321, section 4.5.2; RFC 1939, section 3), as a stream.
#pragma once
#include <string>

#include "node/base/bytes.hpp"

namespace gridmail {

/// Feed a message in pieces of any size, then finish(). A line starts after every LF, also a bare one, since
/// some readers take it so: no message can end the answer early.
class DotStuffer {
 public:
  void append(std::string& out, BytesView piece);
  /// Ends the last line where the message did not, and adds the line of a single dot.
  void finish(std::string& out);

 private:
  bool at_line_start_ = true;
  char last_ = '\n';  // the last two bytes, to tell how the message ends
  char before_last_ = '\r';
};

}  // namespace gridmail
