// The dashboard: a page that stands in the binary, and speaks to the API like any other client.
#include <algorithm>

#include "node/api/dashboard.hpp"
#include "node/api/handlers.hpp"

namespace gridmail::api {
namespace {

Response serve(const DashboardFile& file) {
  Response response;
  response.content_type = file.content_type;
  response.body = file.bytes;
  response.headers = {
      {"Cache-Control", "no-cache"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  return response;
}

Response serve_named(std::string_view name) {
  const auto files = dashboard_files();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.name == name; });
  return found == files.end() ? problem(404, "not_found", "there is nothing here") : serve(*found);
}

}  // namespace

Task<Response> dashboard(GridControl&, Request, Parameters) {
  co_return serve_named("index.html");
}

Task<Response> dashboard_file(GridControl&, Request, Parameters parameters) {
  co_return serve_named(parameters.at(0));
}

}  // namespace gridmail::api
