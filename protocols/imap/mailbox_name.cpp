#include "protocols/imap/mailbox_name.hpp"

#include <algorithm>
#include <vector>

#include "protocols/text/ascii.hpp"
#include "protocols/text/modified_utf7.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t name_bytes_max = 1000;
constexpr std::string_view inbox = "INBOX";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// To UTF-8 in NFC, with INBOX as first level in capitals.
Result<std::string> decode(std::string_view wire) {
  const auto utf8 = text::from_modified_utf7(wire);
  if (!utf8) return fail(Errc::invalid, "Mailbox name is not valid modified UTF-7");
  auto name = text::to_nfc(*utf8);
  if (!name || name->size() > name_bytes_max) return fail(Errc::invalid, "Mailbox name is not valid");
  const std::size_t level = std::min(name->find('/'), name->size());
  if (text::equal_ignoring_case(std::string_view(*name).substr(0, level), inbox))
    name->replace(0, level, inbox);
  return std::move(*name);
}

/// One row of the classic wildcard match: which lengths of the name the pattern so far can end at. Linear in
/// memory, never exponential in time.
bool wildcard_match(std::string_view pattern, std::string_view name) {
  std::vector<char> reached(name.size() + 1, 0);
  reached[0] = 1;
  for (const char c : pattern) {
    if (c == '*' || c == '%') {
      for (std::size_t i = 0; i < name.size(); ++i) {
        if (reached[i] != 0 && (c == '*' || name[i] != '/')) reached[i + 1] = 1;
      }
      continue;
    }
    for (std::size_t i = name.size(); i > 0; --i)
      reached[i] = reached[i - 1] != 0 && name[i - 1] == c ? 1 : 0;
    reached[0] = 0;
  }
  return reached[name.size()] != 0;
}

}  // namespace

Result<std::string> decode_mailbox(std::string_view wire) {
  auto name = decode(wire);
  if (!name) return name;
  const bool empty_level =
      name->empty() || name->front() == '/' || name->back() == '/' || name->find("//") != std::string::npos;
  if (empty_level) return fail(Errc::invalid, "Mailbox name has an empty level");
  if (std::any_of(name->begin(), name->end(), is_control)) {
    return fail(Errc::invalid, "Mailbox name has a control character");
  }
  return name;
}

Result<std::string> decode_new_mailbox(std::string_view wire) {
  if (wire.ends_with('/')) wire.remove_suffix(1);
  auto name = decode_mailbox(wire);
  if (name && name->find_first_of("*%") != std::string::npos) {
    return fail(Errc::invalid, "Mailbox name has a wildcard");
  }
  return name;
}

Result<MailboxPattern> MailboxPattern::parse(std::string_view reference, std::string_view pattern) {
  if (reference.size() + pattern.size() > name_bytes_max) return fail(Errc::invalid, "Pattern too long");
  auto decoded = decode(std::string(reference).append(pattern));
  if (!decoded) return tl::unexpected(decoded.error());
  return MailboxPattern(std::move(*decoded));
}

bool MailboxPattern::matches(std::string_view name) const {
  if (wildcard_match(pattern_, name)) return true;
  if (!name.starts_with(inbox) || (name.size() > inbox.size() && name[inbox.size()] != '/')) return false;
  // A pattern like "inb%" must find INBOX too: only the first level is folded.
  const std::size_t level = std::min(pattern_.find('/'), pattern_.size());
  return wildcard_match(text::to_upper(std::string_view(pattern_).substr(0, level)) + pattern_.substr(level),
                        name);
}

}  // namespace gridmail::imap
