#include "protocols/smtp/path_parser.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::smtp {
namespace {

// RFC 5321, section 4.5.3.1. Its 64 bytes for a local-part are no limit here: bounce addresses of mailing
// lists (VERP) are longer.
constexpr std::size_t domain_bytes_max = 255;
constexpr std::size_t local_part_bytes_max = 255;

bool is_let_dig(char c) {
  return text::is_alpha(c) || text::is_digit(c);
}

/// UTF-8 without C1 controls and Unicode's line ends, which some readers of a header take for its own.
bool is_utf8_of_one_line(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (text[i] == '\xc2' && next < 0xa0) return false;
    if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") return false;
  }
  return text::is_utf8(text);
}

bool is_atext(char c) {
  return is_let_dig(c) || text::is_wide(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// A cursor over the text of one path.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  template <class Predicate>
  [[nodiscard]] std::string_view take_while(Predicate predicate) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), predicate);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  [[nodiscard]] std::optional<char> take_any() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

 private:
  std::string_view rest_;
};

/// Quoted-string = DQUOTE *QcontentSMTP DQUOTE, after its opening quote; without the quoting.
std::optional<std::string> read_quoted(Reader& reader) {
  std::string content;
  while (const auto c = reader.take_any()) {
    if (*c == '"') return content;
    char plain = *c;
    if (plain == '\\') {
      const auto escaped = reader.take_any();
      if (!escaped) return std::nullopt;
      plain = *escaped;
    }
    // qtextSMTP and quoted-pairSMTP are printable
    if (!text::is_wide(plain) && (plain < 32 || plain > 126)) return std::nullopt;
    content.push_back(plain);
  }
  return std::nullopt;
}

/// The shortest spelling, so that "john"@x and john@x are one address (RFC 5321, section 4.1.2).
std::string spell_local_part(const std::string& content) {
  const bool plain = !content.empty() && std::all_of(content.begin(), content.end(),
                                                     [](char c) { return is_atext(c) || c == '.'; });
  if (plain) return content;
  std::string quoted = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

/// Local-part = Dot-string / Quoted-string
std::optional<std::string> read_local_part(Reader& reader) {
  if (reader.take('"')) {
    const auto content = read_quoted(reader);
    if (!content || content->size() > local_part_bytes_max) return std::nullopt;
    return spell_local_part(*content);
  }
  // Dots at the ends and in a row are no Dot-string, but DoCoMo and au gave out such addresses for years.
  const auto local = reader.take_while([](char c) { return is_atext(c) || c == '.'; });
  if (local.empty() || local.size() > local_part_bytes_max) return std::nullopt;
  return std::string(local);
}

/// Domain / address-literal
std::optional<std::string_view> read_domain(Reader& reader) {
  const bool literal = !reader.rest().empty() && reader.rest().front() == '[';
  std::string_view text;
  if (literal) {
    const std::size_t end = reader.rest().find(']');
    if (end == std::string_view::npos) return std::nullopt;
    text = reader.rest().substr(0, end + 1);
    reader = Reader(reader.rest().substr(end + 1));
  } else {
    text = reader.take_while(
        [](char c) { return is_let_dig(c) || text::is_wide(c) || c == '-' || c == '.' || c == '_'; });
  }
  if (literal) return is_address_literal(text) ? std::optional(text) : std::nullopt;
  const bool allowed = text::is_ascii(text) ? is_domain(text) : text::to_ascii_domain(text).has_value();
  if (!allowed) return std::nullopt;
  return text;
}

/// A-d-l ":" with A-d-l = At-domain *( "," At-domain ); read and ignored.
bool skip_source_route(Reader& reader) {
  if (reader.rest().empty() || reader.rest().front() != '@') return true;
  do {
    if (!reader.take('@') || !read_domain(reader)) return false;
  } while (reader.take(','));
  return reader.take(':');
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > domain_bytes_max) return false;
  // sub-domain = Let-dig [Ldh-str]; underscores too, as Windows hosts put them into their names.
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_let_dig(c) || c == '-' || c == '_'; })) {
      return false;
    }
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_address_literal(std::string_view text) {
  if (text.size() < 3 || text.size() > domain_bytes_max || text.front() != '[' || text.back() != ']')
    return false;
  const std::string inside(text.substr(1, text.size() - 2));
  unsigned char address[sizeof(in6_addr)];
  if (text::starts_with_ignoring_case(inside, "IPv6:"))
    return inet_pton(AF_INET6, inside.c_str() + 5, address) == 1;
  return inet_pton(AF_INET, inside.c_str(), address) == 1;
}

std::optional<ParsedPath> parse_path(std::string_view text) {
  Reader reader(text);
  if (!reader.take('<')) return std::nullopt;
  if (reader.take('>')) return ParsedPath{{}, reader.rest()};
  if (!skip_source_route(reader)) return std::nullopt;
  auto local = read_local_part(reader);
  if (!local) return std::nullopt;
  Path path{std::move(*local)};
  if (reader.take('@')) {
    const auto domain = read_domain(reader);
    if (!domain) return std::nullopt;
    path.address.append("@").append(*domain);
  } else if (!text::equal_ignoring_case(path.address, "postmaster")) {
    return std::nullopt;
  }
  if (!reader.take('>') || !is_utf8_of_one_line(path.address)) return std::nullopt;
  return ParsedPath{std::move(path), reader.rest()};
}

}  // namespace gridmail::smtp
