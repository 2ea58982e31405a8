// Mailbox names: modified UTF-7 on the wire, UTF-8 in NFC behind the port, '/' between levels (RFC 3501,
// section 5.1).
#pragma once
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail::imap {

/// INBOX, in any case, also as the first level, comes out in capitals. Errors: invalid, for a name that can
/// name no mailbox: wrong modified UTF-7, empty levels, control characters, over 1,000 bytes.
[[nodiscard]] Result<std::string> decode_mailbox(std::string_view wire);

/// For CREATE: a separator at the end only says that children will follow (section 6.3.3).
[[nodiscard]] Result<std::string> decode_new_mailbox(std::string_view wire);

/// LIST and LSUB: reference and pattern together (section 6.3.8), decoded.
class MailboxPattern {
 public:
  /// Errors: invalid. Nothing can match such a pattern.
  [[nodiscard]] static Result<MailboxPattern> parse(std::string_view reference, std::string_view pattern);

  /// '*' matches anything, '%' anything but a separator; INBOX is compared without regard to case.
  [[nodiscard]] bool matches(std::string_view name) const;
  /// Whether a '%' is at the end, so that LSUB shows a level whose children are subscribed (section 6.3.9).
  [[nodiscard]] bool ends_with_percent() const { return pattern_.ends_with('%'); }

 private:
  explicit MailboxPattern(std::string pattern) : pattern_(std::move(pattern)) {}
  std::string pattern_;
};

}  // namespace gridmail::imap
