#include "protocols/smtp_client/reply_parser.hpp"

#include <algorithm>
#include <utility>

#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {

constexpr std::size_t text_bytes_max = 512;

/// Reply-code = %x32-35 %x30-35 %x30-39; a second digit over 5 is out of the RFC, but understood.
int code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !text::is_digit(line[1]) ||
      !text::is_digit(line[2]))
    return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/// RFC 3463, section 2: class "." 1*3digit "." 1*3digit. The class must be the reply's own (RFC 2034,
/// section 4).
std::string enhanced_in(std::string_view text, int code) {
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  if (word.size() < 5 || word.size() > 9 || word[0] - '0' != code / 100 || word[1] != '.') return {};
  const auto dot = word.find('.', 2);
  if (dot == std::string_view::npos) return {};
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), text::is_digit);
  };
  if (!is_number(word.substr(2, dot - 2)) || !is_number(word.substr(dot + 1))) return {};
  return std::string(word);
}

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, ReplyParser::line_bytes_max));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c == 127; }, '?');
  return shown;
}

}  // namespace

std::string RemoteReply::text() const {
  std::string all = std::to_string(code);
  for (const auto& line : lines) {
    // The enhanced code stands in every line; once is enough.
    const bool again = all.size() > 3 && !enhanced.empty() && line.starts_with(enhanced + " ");
    if (all.size() < text_bytes_max) all.append(" ").append(again ? line.substr(enhanced.size() + 1) : line);
  }
  if (all.size() > text_bytes_max) all.resize(text_bytes_max);
  return all;
}

std::string RemoteReply::status() const {
  return enhanced.empty() ? std::to_string(code / 100) + ".0.0" : enhanced;
}

Result<std::optional<RemoteReply>> ReplyParser::feed(std::string_view line) {
  const int code = code_of(line);
  // Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
  const bool is_last = line.size() == 3 || (line.size() > 3 && line[3] == ' ');
  if (code == 0 || (!is_last && line[3] != '-')) {
    return fail(Errc::invalid, "not a reply: " + printable(line.substr(0, 100)));
  }
  if (!reply_.lines.empty() && code != reply_.code) return fail(Errc::invalid, "a reply of several codes");
  if (reply_.lines.size() >= lines_max) return fail(Errc::invalid, "a reply of too many lines");
  reply_.code = code;
  reply_.lines.push_back(line.size() > 4 ? printable(line.substr(4)) : std::string());
  if (!is_last) return std::optional<RemoteReply>();
  auto complete = std::exchange(reply_, {});
  complete.enhanced = enhanced_in(complete.lines.front(), code);
  return std::optional(std::move(complete));
}

}  // namespace gridmail::smtp
