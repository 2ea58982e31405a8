#include "protocols/sasl/server_exchange.hpp"

#include "protocols/text/ascii.hpp"

namespace gridmail::sasl {
namespace {

/// RFC 4616, section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd
Result<ServerExchange::Step> read_plain(BytesView message) {
  const std::size_t first = message.find('\0');
  if (first == BytesView::npos) return fail(Errc::invalid, "PLAIN needs three parts");
  const std::size_t second = message.find('\0', first + 1);
  if (second == BytesView::npos) return fail(Errc::invalid, "PLAIN needs three parts");
  const BytesView authorization = message.substr(0, first);
  const BytesView login = message.substr(first + 1, second - first - 1);
  const BytesView password = message.substr(second + 1);
  if (login.empty() || password.empty() || password.find('\0') != BytesView::npos) {
    return fail(Errc::invalid, "PLAIN needs a name and a password without NUL");
  }
  // Nobody may act for another user by SASL.
  if (!authorization.empty() && authorization != login)
    return fail(Errc::denied, "cannot act as another user");
  return Credentials{std::string(login), std::string(password)};
}

}  // namespace

std::optional<Mechanism> mechanism_named(std::string_view name) {
  if (text::equal_ignoring_case(name, "PLAIN")) return Mechanism::plain;
  if (text::equal_ignoring_case(name, "LOGIN")) return Mechanism::login;
  return std::nullopt;
}

Result<ServerExchange::Step> ServerExchange::start(const std::optional<Bytes>& initial) {
  if (initial) return step(*initial);
  return Challenge{mechanism_ == Mechanism::plain ? "" : "Username:"};
}

Result<ServerExchange::Step> ServerExchange::step(BytesView response) {
  if (mechanism_ == Mechanism::plain) return read_plain(response);
  if (response.empty() || response.find('\0') != BytesView::npos) {
    return fail(Errc::invalid, "LOGIN needs a name and a password without NUL");
  }
  if (!login_) {
    login_.emplace(response);
    return Challenge{"Password:"};
  }
  return Credentials{*login_, std::string(response)};
}

Result<Bytes> decode_response(std::string_view line) {
  if (line == "*") return fail(Errc::cancelled, "cancelled by the client");
  auto bytes = from_base64(line);
  if (!bytes) return fail(Errc::invalid, "not base64");
  return std::move(*bytes);
}

Result<Bytes> decode_initial_response(std::string_view text) {
  if (text == "=") return Bytes();
  if (text.empty()) return fail(Errc::invalid, "not base64");
  return decode_response(text);
}

}  // namespace gridmail::sasl
