// The dashboard: a page that stands in the binary, and speaks to the API like any other client.
#include <algorithm>

#include "node/api/dashboard.hpp"
#include "node/api/handlers.hpp"

namespace gridmail::api {
namespace {

/// The list of RFC 9110, section 12.5.3. Who refuses it by a weight of nothing gets plain bytes.
bool takes_gzip(std::string_view accepted) {
  const auto at = accepted.find("gzip");
  if (at == std::string_view::npos) return false;
  const auto weight = accepted.substr(at, accepted.find(',', at) - at);
  const auto q = weight.find("q=");
  return q == std::string_view::npos || weight.find_first_of("123456789", q) != std::string_view::npos;
}

Response serve(const DashboardFile& file, const Request& request) {
  Response response;
  response.content_type = file.content_type;
  const bool packed = takes_gzip(field(request, "Accept-Encoding"));
  response.body = packed ? file.packed : file.bytes;
  response.headers = {
      {"Cache-Control", "no-cache"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Vary", "Accept-Encoding"},
      {"Referrer-Policy", "no-referrer"}};
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  return response;
}

Response serve_named(std::string_view name, const Request& request) {
  const auto files = dashboard_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.name == name; });
  return found == files.end() ? problem(404, "not_found", "there is nothing here") : serve(*found, request);
}

}  // namespace

Task<Response> dashboard(GridControl&, Request request, Parameters) {
  co_return serve_named("index.html", request);
}

Task<Response> dashboard_file(GridControl&, Request request, Parameters parameters) {
  co_return serve_named(parameters.at(0), request);
}

}  // namespace gridmail::api
