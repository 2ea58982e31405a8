#include "node/api/session_cookie.hpp"

#include <fmt/format.h>

#include "node/base/bytes.hpp"

namespace gridmail::api {
namespace {

constexpr std::string_view cookie_name = "gridmail_session";
constexpr std::string_view csrf_field = "X-CSRF-Token";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string session_secret(const Request& request) {
  for (const auto& [name, value] : request.fields) {
    if (!equal_without_case(name, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto pair = trimmed(rest.substr(0, rest.find(';')));
      rest.remove_prefix(
          std::min(rest.size(), rest.find(';') == std::string_view::npos ? rest.size() : rest.find(';') + 1));
      if (pair.substr(0, pair.find('=')) == cookie_name && pair.size() > cookie_name.size())
        return std::string(pair.substr(cookie_name.size() + 1));
    }
  }
  return {};
}

std::string csrf_token(std::string_view secret) {
  return to_base64url(blake2b(secret, 24, "gridmail csrf token"));
}

bool has_csrf_token(const Request& request, std::string_view secret) {
  const auto given = field(request, csrf_field);
  const auto wanted = csrf_token(secret);
  unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < wanted.size() && i < given.size(); ++i)
    difference |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(wanted[i]));
  return difference == 0;
}

std::string session_cookie(std::string_view secret, std::int64_t seconds, bool is_secure) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name, secret, seconds,
                     is_secure ? "; Secure" : "");
}

}  // namespace gridmail::api
