#include <algorithm>

#include "node/api/handlers.hpp"

namespace gridmail::api {
namespace {

Response plain(std::uint16_t status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace

// Answers whenever the event loop does: a probe that depended on more would have a healthy process killed.
Task<Response> live(GridControl&, Request, Parameters) {
  co_return plain(200, "alive\n");
}

Task<Response> started(GridControl& grid, Request, Parameters) {
  const bool is_started = co_await grid.started();
  co_return is_started ? plain(200, "started\n") : plain(503, "starting\n");
}

Task<Response> ready(GridControl& grid, Request request, Parameters) {
  const auto checks = co_await grid.readiness();
  const bool is_ready = !checks.empty() && std::all_of(checks.begin(), checks.end(),
                                                       [](const auto& check) { return check.passed; });
  std::string body;
  if (query_has(request.query, "verbose")) {
    for (const auto& check : checks) {
      body += check.passed ? "[+] " : "[-] ";
      body += check.name;
      if (!check.detail.empty()) body += ": " + check.detail;
      body += '\n';
    }
  }
  body += is_ready ? "ready\n" : "not ready\n";
  co_return plain(is_ready ? 200 : 503, std::move(body));
}

Task<Response> metrics(GridControl& grid, Request, Parameters) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = co_await grid.metrics();
  co_return response;
}

}  // namespace gridmail::api
