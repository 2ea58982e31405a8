#include "protocols/imap/token_parser.hpp"

#include <algorithm>
#include <limits>

#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

bool is_control_or_8bit(char c) {
  return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f;
}

// atom-specials   = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
bool is_atom_char(char c) {
  return !is_control_or_8bit(c) && std::string_view("(){ %*\"\\]").find(c) == std::string_view::npos;
}

// ASTRING-CHAR   = ATOM-CHAR / resp-specials
bool is_astring_char(char c) {
  return is_atom_char(c) || c == ']';
}

// tag             = 1*<any ASTRING-CHAR except "+">
bool is_tag_char(char c) {
  return is_astring_char(c) && c != '+';
}

// list-char       = ATOM-CHAR / list-wildcards / resp-specials
bool is_list_char(char c) {
  return is_astring_char(c) || c == '%' || c == '*';
}

bool is_word_char(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '-';
}

std::optional<std::uint8_t> system_flag(std::string_view name) {
  if (text::equal_ignoring_case(name, "Seen")) return ports::Flag::seen;
  if (text::equal_ignoring_case(name, "Answered")) return ports::Flag::answered;
  if (text::equal_ignoring_case(name, "Flagged")) return ports::Flag::flagged;
  if (text::equal_ignoring_case(name, "Deleted")) return ports::Flag::deleted;
  if (text::equal_ignoring_case(name, "Draft")) return ports::Flag::draft;
  return std::nullopt;
}

void add_keyword(ports::Flags& flags, std::string keyword) {
  const auto same = [&](const std::string& other) { return text::equal_ignoring_case(other, keyword); };
  if (std::any_of(flags.keywords.begin(), flags.keywords.end(), same)) return;
  flags.keywords.insert(std::upper_bound(flags.keywords.begin(), flags.keywords.end(), keyword),
                        std::move(keyword));
}

}  // namespace

void TokenParser::fail(std::string text) {
  if (!failure_) failure_ = std::move(text);
}

bool TokenParser::accept(char c) {
  if (peek() != c || at_end()) return false;
  ++position_;
  return true;
}

bool TokenParser::accept_word(std::string_view word) {
  if (failed() || !text::starts_with_ignoring_case(rest(), word)) return false;
  position_ += word.size();
  return true;
}

void TokenParser::expect(char c) {
  if (accept(c)) return;
  fail(c == ' ' ? "Expected a space" : std::string("Expected '") + c + "'");
}

void TokenParser::end() {
  if (!at_end()) fail("Unexpected text after the command's arguments");
}

template <class Allowed>
std::string_view TokenParser::take_while(Allowed allowed) {
  if (failed()) return {};
  const std::size_t start = position_;
  while (position_ < line_.size() && allowed(line_[position_])) ++position_;
  return line_.substr(start, position_ - start);
}

std::string TokenParser::tag() {
  const auto taken = take_while(is_tag_char);
  if (taken.empty()) fail("Expected a tag");
  return std::string(taken);
}

std::string TokenParser::atom() {
  const auto taken = take_while(is_atom_char);
  if (taken.empty()) fail("Expected an atom");
  return std::string(taken);
}

std::string TokenParser::word() {
  const auto taken = take_while(is_word_char);
  if (taken.empty()) fail("Expected a word");
  return text::to_upper(taken);
}

// string          = quoted / literal
std::string TokenParser::string() {
  if (peek() == '"') return quoted();
  if (peek() == '{') return literal();
  fail("Expected a string");
  return {};
}

// quoted          = DQUOTE *QUOTED-CHAR DQUOTE
// QUOTED-CHAR     = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
// 8-bit bytes are taken: clients put UTF-8 into quoted search strings and passwords (Apple Mail, imaplib).
std::string TokenParser::quoted() {
  std::string value;
  expect('"');
  while (!failed()) {
    if (at_end()) {
      fail("Unterminated quoted string");
      break;
    }
    char c = line_[position_++];
    if (c == '"') return value;
    if (c == '\\') {
      c = at_end() ? '\0' : line_[position_++];
      if (c != '"' && c != '\\') fail("Invalid escape in a quoted string");
    }
    if (c == '\0' || c == '\r' || c == '\n') fail("Invalid character in a quoted string");
    value.push_back(c);
  }
  return {};
}

// literal         = "{" number "}" CRLF *CHAR8
// CHAR8           = %x01-ff
std::string TokenParser::literal() {
  expect('{');
  take_while(text::is_digit);
  accept('+');
  expect('}');
  if (failed()) return {};
  if (next_literal_ == literals_.size()) {
    fail("Expected a literal");
    return {};
  }
  const std::string& value = literals_[next_literal_++];
  if (value.find('\0') != std::string::npos) fail("NUL in a literal");
  return failed() ? std::string() : value;
}

// astring         = 1*ASTRING-CHAR / string
std::string TokenParser::astring() {
  if (peek() == '"' || peek() == '{') return string();
  const auto taken = take_while(is_astring_char);
  if (taken.empty()) fail("Expected a string");
  return std::string(taken);
}

// list-mailbox    = 1*list-char / string
std::string TokenParser::list_mailbox() {
  if (peek() == '"' || peek() == '{') return string();
  const auto taken = take_while(is_list_char);
  if (taken.empty()) fail("Expected a mailbox pattern");
  return std::string(taken);
}

// nstring         = string / nil
std::optional<std::string> TokenParser::nstring() {
  if (accept_word("NIL")) return std::nullopt;
  return string();
}

std::uint64_t TokenParser::number64() {
  const auto digits = take_while(text::is_digit);
  std::uint64_t value = 0;
  if (digits.empty() || digits.size() > 18) fail("Expected a number");
  for (const char c : failed() ? std::string_view() : digits)
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

// number          = 1*DIGIT                 ; Unsigned 32-bit integer
std::uint32_t TokenParser::number() {
  const std::uint64_t value = number64();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    fail("Number too large");
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

// nz-number       = digit-nz *DIGIT
std::uint32_t TokenParser::nz_number() {
  const std::uint32_t value = number();
  if (value == 0) fail("Expected a number greater than zero");
  return value;
}

// seq-number      = nz-number / "*"
// seq-range       = seq-number ":" seq-number
// sequence-set    = (seq-number / seq-range) *("," sequence-set)
SequenceSet TokenParser::sequence_set() {
  SequenceSet set;
  do {
    const std::uint32_t first = accept('*') ? star : nz_number();
    std::uint32_t last = first;
    if (accept(':')) last = accept('*') ? star : nz_number();
    set.push_back({first, last});
  } while (accept(','));
  return failed() ? SequenceSet() : set;
}

// flag            = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword /
// flag-extension
void TokenParser::flag(ports::Flags& flags) {
  if (!accept('\\')) return add_keyword(flags, atom());
  const auto known = system_flag(atom());
  if (!known) return fail("Unknown system flag");  // \Recent among them: it cannot be changed by clients
  flags.system = static_cast<std::uint8_t>(flags.system | *known);
}

// flag-list       = "(" [flag *(SP flag)] ")"
ports::Flags TokenParser::flag_list() {
  ports::Flags flags;
  expect('(');
  if (accept(')')) return flags;
  do {
    flag(flags);
  } while (accept(' '));
  expect(')');
  return flags;
}

// date            = date-text / DQUOTE date-text DQUOTE
text::Day TokenParser::date() {
  const bool in_quotes = accept('"');
  const auto day = text::parse_imap_date(take_while(is_word_char));
  if (in_quotes) expect('"');
  if (!day) fail("Expected a date");
  return day.value_or(0);
}

// date-time       = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
text::DateTime TokenParser::date_time() {
  const auto parsed = text::parse_imap_date_time(quoted());
  if (!parsed) fail("Expected a date and time");
  return parsed.value_or(text::DateTime{});
}

}  // namespace gridmail::imap
