#include "node/api/message.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "node/base/percent.hpp"
#include "storage/directory/record_condition.hpp"

namespace gridmail::api {
namespace {

std::string_view title_of(std::uint16_t status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Internal Server Error";
  }
}

std::uint16_t status_of(Errc code) {
  switch (code) {
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::busy:
    case Errc::not_primary:
    case Errc::cancelled:
      return 503;
    case Errc::no_space:
      return 507;
    case Errc::conflict:
    case Errc::already_exists:
      return 409;
    case Errc::not_found:
      return 404;
    case Errc::invalid:
      return 400;
    case Errc::too_large:
      return 413;
    case Errc::denied:
      return 401;
    case Errc::unsupported:
      return 501;
    case Errc::io:
    case Errc::corrupted:
      return 500;
  }
  return 500;
}

/// The first "name=value" or "name" of that name.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.substr(0, pair.find('=')) == name) return pair;
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
  return std::nullopt;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string_view field(const Request& request, std::string_view name) {
  const auto found = std::find_if(request.fields.begin(), request.fields.end(),
                                  [&](const auto& each) { return equal_without_case(each.first, name); });
  return found == request.fields.end() ? std::string_view{} : found->second;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  const auto pair = find_parameter(query, name);
  if (!pair) return std::nullopt;
  const auto equals = pair->find('=');
  return percent_decode(equals == std::string_view::npos ? std::string_view{} : pair->substr(equals + 1));
}

bool query_has(std::string_view query, std::string_view name) {
  return find_parameter(query, name).has_value();
}

Response problem(std::uint16_t status, std::string_view code, std::string_view detail) {
  const nlohmann::ordered_json document = {{"type", "about:blank"},
                                           {"title", title_of(status)},
                                           {"status", status},
                                           {"code", code},
                                           {"detail", detail}};
  // Details may quote what was sent: bytes that are not UTF-8 are shown as U+FFFD.
  return {status,
          "application/problem+json",
          document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
          {}};
}

Response problem(const Error& error) {
  if (error.code == Errc::conflict && error.text == record_changed)
    return problem(412, "precondition_failed", record_changed);
  return problem(status_of(error.code), name_of(error.code),
                 error.text.empty() ? name_of(error.code) : std::string_view(error.text));
}

}  // namespace gridmail::api
