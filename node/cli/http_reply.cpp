#include "node/cli/http_reply.hpp"

#include <charconv>
#include <optional>

#include "protocols/text/ascii.hpp"

namespace gridmail::cli {
namespace {

/// Up to the next CRLF, which is taken too; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

/// RFC 9112, 7.1.
Result<std::string> join_chunks(std::string_view rest) {
  std::string body;
  while (const auto line = take_line(rest)) {
    const auto size = number(*line, 16);
    if (!size || *size > rest.size()) break;
    if (*size == 0) return body;
    body += rest.substr(0, *size);
    rest.remove_prefix(*size);
    if (!rest.starts_with("\r\n")) break;
    rest.remove_prefix(2);
  }
  return fail(Errc::corrupted, "the answer's chunks are broken off");
}

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<HttpReply> parse_http_reply(std::string_view bytes) {
  HttpReply reply;
  const auto status_line = take_line(bytes);
  if (!status_line || !status_line->starts_with("HTTP/1.") || status_line->size() < 12) {
    return fail(Errc::corrupted, "the answer is not HTTP");
  }
  reply.status = static_cast<int>(number(status_line->substr(9, 3), 10).value_or(0));
  if (reply.status < 100) return fail(Errc::corrupted, "the answer has no status");
  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return fail(Errc::corrupted, "the answer's header is broken off");
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos)
      return fail(Errc::corrupted, "the answer's header has a line without a colon");
    reply.headers.emplace_back(text::to_lower(line->substr(0, colon)),
                               std::string(text::trim(line->substr(colon + 1))));
  }
  if (text::equal_ignoring_case(reply.header("transfer-encoding"), "chunked")) {
    auto body = join_chunks(bytes);
    if (!body) return tl::unexpected(body.error());
    reply.body = std::move(*body);
    return reply;
  }
  const auto length = number(reply.header("content-length"), 10).value_or(bytes.size());
  if (length > bytes.size()) return fail(Errc::corrupted, "the answer is broken off");
  reply.body = std::string(bytes.substr(0, length));
  return reply;
}

}  // namespace gridmail::cli
