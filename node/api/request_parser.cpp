#include "node/api/request_parser.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace gridmail::api {
namespace {

constexpr std::string_view line_end = "\r\n";

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && (std::isalnum(byte) != 0 || symbols.find(c) != std::string_view::npos);
  });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7f || (byte < 0x20 && c != '\t');
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Digits only: no sign, no space, no overflow.
std::optional<std::size_t> whole_number(std::string_view text, int base) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

Method method_of(std::string_view name) {
  if (name == "GET" || name == "HEAD") return Method::get;
  if (name == "POST") return Method::post;
  if (name == "PUT") return Method::put;
  if (name == "DELETE") return Method::delete_;
  return Method::other;
}

/// request-line = method SP request-target SP HTTP-version (RFC 9112, 3)
Result<ReceivedRequest> read_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return fail(Errc::invalid, "the request line is malformed");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto http_version = line.substr(last + 1);
  if (!is_token(method) || target.empty() || target.find(' ') != std::string_view::npos ||
      has_control(target)) {
    return fail(Errc::invalid, "the request line is malformed");
  }
  if (http_version != "HTTP/1.1" && http_version != "HTTP/1.0") {
    return fail(Errc::unsupported, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (target.front() != '/') return fail(Errc::invalid, "the request's target must be a path");
  ReceivedRequest received;
  received.is_head = method == "HEAD";
  received.keep_alive = http_version == "HTTP/1.1";
  received.request.method = method_of(method);
  const auto question = target.find('?');
  received.request.path = target.substr(0, question);
  if (question != std::string_view::npos) received.request.query = target.substr(question + 1);
  return received;
}

}  // namespace

Result<void> RequestParser::read_field(Head& head, std::string_view line) const {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line)) {
    return fail(Errc::invalid, "a header field is malformed");
  }
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (equal_without_case(name, "Authorization")) {
    if (!head.received.request.authorization.empty()) return fail(Errc::invalid, "two Authorization fields");
    head.received.request.authorization = value;
  } else if (equal_without_case(name, "Content-Length")) {
    const auto length = whole_number(value, 10);
    if (!length || head.content_length) return fail(Errc::invalid, "the Content-Length is malformed");
    if (*length > limits_.body_bytes_max) return fail(Errc::too_large, "the body is too large");
    head.content_length = length;
  } else if (equal_without_case(name, "Transfer-Encoding")) {
    if (head.chunked || !equal_without_case(value, "chunked")) {
      return fail(Errc::unsupported, "the only transfer coding taken is chunked");
    }
    head.chunked = true;
  } else if (equal_without_case(name, "Connection")) {
    if (equal_without_case(value, "close")) head.received.keep_alive = false;
    if (equal_without_case(value, "keep-alive")) head.received.keep_alive = true;
  } else if (equal_without_case(name, "Expect")) {
    head.expects_continue = equal_without_case(value, "100-continue");
  } else {
    head.received.request.fields.emplace_back(name, value);
  }
  return {};
}

Result<std::optional<RequestParser::Head>> RequestParser::take_head() const {
  if (buffer_ == "\r") return std::nullopt;  // perhaps half of an empty line
  // Said at once: whoever speaks TLS here would wait for an answer to its first bytes, and sends no more.
  if (!buffer_.empty() && !is_token(std::string_view(buffer_).substr(0, 1))) {
    constexpr char tls_handshake = 22;  // RFC 8446, 5.1
    return fail(Errc::invalid, buffer_.front() == tls_handshake ? "this port speaks HTTP without TLS"
                                                                : "the request line is malformed");
  }
  const auto end = buffer_.find("\r\n\r\n");
  // Three more may be the beginning of the end: the outcome must not depend on where reads are cut.
  const bool is_whole = end != std::string::npos;
  if ((is_whole ? end : buffer_.size() - std::min<std::size_t>(buffer_.size(), 3)) > limits_.head_bytes_max) {
    return fail(Errc::too_large, "the header is too large");
  }
  if (!is_whole) return std::nullopt;
  std::string_view rest = std::string_view(buffer_).substr(0, end);
  Head head;
  for (bool first = true; first || !rest.empty(); first = false) {
    const auto line = rest.substr(0, rest.find(line_end));
    rest.remove_prefix(std::min(rest.size(), line.size() + line_end.size()));
    if (first) {
      auto received = read_request_line(line);
      if (!received) return tl::unexpected(received.error());
      head.received = std::move(*received);
    } else if (auto read = read_field(head, line); !read) {
      return tl::unexpected(read.error());
    }
  }
  // RFC 9112, 6.3: both together are how requests are smuggled.
  if (head.chunked && head.content_length)
    return fail(Errc::invalid, "Content-Length beside Transfer-Encoding");
  return head;
}

/// chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF (RFC 9112, 7.1); true at the last one.
Result<bool> RequestParser::take_chunk() {
  constexpr std::size_t size_line_max = 256;
  for (;;) {
    const auto end = buffer_.find(line_end);
    if (end == std::string::npos && buffer_.size() <= size_line_max + 1) return false;
    if (end > size_line_max) return fail(Errc::invalid, "a chunk's size is malformed");
    const auto size = whole_number(std::string_view(buffer_).substr(0, std::min(end, buffer_.find(';'))), 16);
    if (!size) return fail(Errc::invalid, "a chunk's size is malformed");
    if (*size > limits_.body_bytes_max - body_.size()) return fail(Errc::too_large, "the body is too large");
    const auto data = end + line_end.size();
    if (buffer_.size() < data + *size + line_end.size()) return false;
    // Trailer fields are not taken: an empty line must follow the last chunk.
    if (buffer_.compare(data + *size, line_end.size(), line_end) != 0) {
      return fail(Errc::invalid, "a chunk does not end where it says");
    }
    body_.append(buffer_, data, *size);
    buffer_.erase(0, data + *size + line_end.size());
    if (*size == 0) return true;
  }
}

Result<bool> RequestParser::take_body() {
  if (head_->chunked) return take_chunk();
  const auto length = head_->content_length.value_or(0);
  if (buffer_.size() < length) return false;
  body_ = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return true;
}

Result<std::optional<ReceivedRequest>> RequestParser::next() {
  if (!head_) {
    // RFC 9112, 2.2: empty lines before a request are skipped.
    while (buffer_.starts_with(line_end)) buffer_.erase(0, line_end.size());
    auto head = take_head();
    if (!head) return tl::unexpected(head.error());
    if (!*head) return std::nullopt;
    head_ = std::move(**head);
    buffer_.erase(0, buffer_.find("\r\n\r\n") + 4);
    body_.clear();
  }
  const auto complete = take_body();
  if (!complete) return tl::unexpected(complete.error());
  if (!*complete) return std::nullopt;
  ReceivedRequest received = std::move(head_->received);
  received.request.body = std::move(body_);
  head_.reset();
  body_.clear();
  return received;
}

bool RequestParser::take_expectation() {
  return head_ && std::exchange(head_->expects_continue, false);
}

}  // namespace gridmail::api
