// Words of structured MIME fields (RFC 2045, section 5.1), read as mail has them. Each character is looked at
// once.
#pragma once
#include <string>
#include <string_view>

namespace gridmail::mime {

class Lexer {
 public:
  explicit Lexer(std::string_view value) : rest_(value) {}

  /// The token (section 5.1; 8-bit characters are let through) at the next place that is no blank or comment;
  /// may be empty.
  [[nodiscard]] std::string_view take_token();
  /// What stands before the first of `stops` or the end, without blanks at both ends.
  [[nodiscard]] std::string_view take_until(std::string_view stops);
  /// A parameter's value: a quoted-string, quotes undone, or everything up to the next ";" or comment.
  [[nodiscard]] std::string take_value();
  /// Takes `c` if it comes next, after blanks and comments.
  [[nodiscard]] bool take(char c);
  /// Whether `c` comes next, after blanks and comments.
  [[nodiscard]] bool at(char c);
  /// Skips to after the next `c` that is in no quoted-string or comment. False at the end.
  [[nodiscard]] bool skip_past(char c);

 private:
  void skip_blanks_and_comments();
  void skip_comment();
  std::string take_quoted();
  std::string_view rest_;
};

}  // namespace gridmail::mime
