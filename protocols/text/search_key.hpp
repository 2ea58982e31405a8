// Substring search as IMAP SEARCH and Sieve need it: without regard to case, composed or not (close to RFC
// 5051, i;unicode-casemap).
#pragma once
#include <string>
#include <string_view>

namespace gridmail::text {

/// NFKC_Casefold of UTF-8 text: two texts that people would call equal have the same folded form.
/// Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string fold(std::string_view utf8);

/// What is searched for, folded once.
class SearchKey {
 public:
  explicit SearchKey(std::string_view utf8);
  /// Whether `utf8` contains it; every text contains the empty key. ASCII text is searched in place, without
  /// a copy.
  [[nodiscard]] bool found_in(std::string_view utf8) const;

 private:
  [[nodiscard]] bool found_in_ascii(std::string_view text) const;
  std::string folded_;
  bool ascii_;
};

}  // namespace gridmail::text
