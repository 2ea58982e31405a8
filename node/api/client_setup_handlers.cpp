#include "node/api/client_setup_handlers.hpp"

#include <algorithm>
#include <cctype>

#include "node/api/client_documents.hpp"
#include "node/api/json_response.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::api {
namespace {

/// RFC 5321, section 4.5.3.1.
constexpr std::size_t address_bytes_max = 64 + 1 + 255;

/// user@domain as far as it matters here: who it is decides nothing.
bool looks_like_address(std::string_view address) {
  const auto at = address.rfind('@');
  return address.size() <= address_bytes_max && at != std::string_view::npos && at > 0 &&
         at + 1 < address.size() && text::is_utf8(address) &&
         std::none_of(address.begin(), address.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte == 0x7f;
         });
}

std::string domain_of(std::string_view address) {
  return std::string(address.substr(address.rfind('@') + 1));
}

/// Without a port; empty when it is no host name.
std::string host_asked(const Request& request) {
  auto host = field(request, "Host");
  host = host.substr(0, host.find(':'));
  const bool is_name = std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
  });
  return is_name ? std::string(host) : std::string();
}

/// The address that the query names, under any of the names that programs use for it.
std::string address_asked(const Request& request) {
  for (const auto* name : {"emailaddress", "email", "Email"}) {
    if (auto value = query_value(request.query, name); value && looks_like_address(*value))
      return std::move(*value);
  }
  return {};
}

/// The domain whose name, or whose autoconfig. or autodiscover., was asked.
std::string domain_asked(const Request& request) {
  const auto address = address_asked(request);
  if (!address.empty()) return domain_of(address);
  std::string host = host_asked(request);
  for (const std::string_view prefix : {"autoconfig.", "autodiscover."}) {
    if (host.size() > prefix.size() && equal_without_case(host.substr(0, prefix.size()), prefix))
      return host.substr(prefix.size());
  }
  return host;
}

Response document(std::string_view type, std::string body) {
  Response response;
  response.content_type = type;
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

/// The text of the first <name>, in any namespace and case: [MS-OXDSCLI] 2.2.3. Nothing else of the request
/// changes the answer.
std::optional<std::string> text_of_element(std::string_view xml, std::string_view name) {
  for (auto open = xml.find('<'); open != std::string_view::npos; open = xml.find('<', open + 1)) {
    const auto close = xml.find('>', open);
    if (close == std::string_view::npos) return std::nullopt;
    const auto tag = xml.substr(open + 1, close - open - 1);
    const auto full = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    if (!equal_without_case(full.substr(full.find(':') + 1), name)) continue;
    const auto text = xml.substr(close + 1, xml.find('<', close) - close - 1);
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return std::nullopt;
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
  }
  return std::nullopt;
}

/// The five entities that every XML text may have.
std::string xml_unescaped(std::string text) {
  constexpr std::pair<std::string_view, char> entities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto* const found =
        std::find_if(std::begin(entities), std::end(entities),
                     [rest](const auto& entity) { return rest.starts_with(entity.first); });
    const bool is_entity = found != std::end(entities);
    out += is_entity ? found->second : rest.front();
    rest.remove_prefix(is_entity ? found->first.size() : 1);
  }
  return out;
}

/// Programs look at the document, not at the status, and may take any other status for a broken server.
Response refused(unsigned code, std::string_view message) {
  return document("text/xml; charset=utf-8", autodiscover_error(code, message));
}

}  // namespace

// https://benbucksch.github.io/autoconfig-spec/draft-ietf-mailmaint-autoconfig.html
Task<Response> autoconfig(GridControl& grid, Request request, Parameters) {
  const auto settings = co_await grid.clients_of_grid().client_settings(domain_asked(request));
  if (!settings) co_return problem(settings.error());
  co_return document("text/xml; charset=utf-8", autoconfig_document(*settings));
}

Task<Response> autodiscover(GridControl& grid, Request request, Parameters) {
  const auto given = text_of_element(request.body, "EMailAddress");
  const auto address = given ? xml_unescaped(*given) : std::string();
  if (!looks_like_address(address)) co_return refused(600, "the request names no address");
  const auto settings = co_await grid.clients_of_grid().client_settings(domain_of(address));
  if (settings) co_return document("text/xml; charset=utf-8", autodiscover_document(*settings, address));
  if (settings.error().temporary()) co_return problem(settings.error());
  co_return refused(500, "the address is in no domain that is served here");
}

Task<Response> autodiscover_v2(GridControl& grid, Request request, Parameters) {
  const auto protocol = query_value(request.query, "Protocol");
  if (!protocol || !equal_without_case(*protocol, "AutodiscoverV1")) {
    const Json refusal = {{"ErrorCode", "ProtocolNotSupported"},
                          {"ErrorMessage", "there is AutodiscoverV1 only"}};
    co_return json_response(refusal, 400);
  }
  const auto settings = co_await grid.clients_of_grid().client_settings(domain_asked(request));
  if (!settings) co_return problem(settings.error());
  const auto asked = host_asked(request);
  const auto& host = asked.empty() ? settings->host : asked;
  const Json answer = {{"Protocol", "AutodiscoverV1"},
                       {"Url", "https://" + host + "/autodiscover/autodiscover.xml"}};
  co_return json_response(answer);
}

Task<Response> mobileconfig(GridControl& grid, Request request, Parameters) {
  const auto address = address_asked(request);
  if (address.empty()) co_return problem({Errc::invalid, "?email= must be an address"});
  const auto settings = co_await grid.clients_of_grid().client_settings(domain_of(address));
  if (!settings) co_return problem(settings.error());
  auto profile = mobileconfig_document(*settings, address);
  if (!profile) co_return problem({Errc::not_found, "this node offers no way to both read and send mail"});
  auto response = document("application/x-apple-aspen-config", std::move(*profile));
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"mail.mobileconfig\"");
  co_return response;
}

}  // namespace gridmail::api
