#include "node/api/router.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "node/api/conditional.hpp"
#include "node/api/credentials.hpp"
#include "node/api/json_response.hpp"
#include "node/api/repeated_request.hpp"
#include "node/api/request_quota.hpp"
#include "node/base/log.hpp"
#include "node/base/percent.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail::api {
namespace {

/// The path up to its next slash; `rest` keeps what follows it.
std::string_view next_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return segment;
}

struct Found {
  const Route* route = nullptr;  ///< nothing: the path is known, but not with this method
  Parameters parameters;
  std::string allowed;  ///< methods the path knows, for the Allow header
};

/// Versions of Outlook differ in the case they write this one path in.
std::string known_path(const Request& request) {
  constexpr std::string_view without_case = "/autodiscover/";
  auto path = request.path;
  if (equal_without_case(std::string_view(path).substr(0, without_case.size()), without_case))
    std::transform(path.begin(), path.end(), path.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return path;
}

/// Errors: not_found, invalid.
Result<Found> find_route(const Request& request) {
  Found found;
  const auto path = known_path(request);
  for (const auto& route : routes()) {
    auto parameters = match(route.pattern, path);
    if (!parameters && parameters.error().code == Errc::not_found) continue;
    if (!parameters) return tl::unexpected(parameters.error());
    if (route.method == request.method) return Found{&route, std::move(*parameters), {}};
    if (!found.allowed.empty()) found.allowed += ", ";
    found.allowed += name_of(route.method);
  }
  if (found.allowed.empty()) return fail(Errc::not_found, "there is nothing here");
  return found;
}

/// The path's first parameter, as an address, is the principal's own.
bool is_own(const Principal& principal, const Parameters& parameters) {
  if (parameters.empty()) return false;
  const auto address = text::canonical_address(parameters.front());
  return address && principal.is_user(*address);
}

bool is_open(const Result<Found>& found) {
  return found && found->route != nullptr && found->route->access == Access::open;
}

/// Errors: invalid, also where the route has no dry run: it would do what was only asked about.
Result<bool> is_dry_run(const Request& request, const Route& route) {
  if (!query_has(request.query, "dry_run")) return false;
  const auto value = query_value(request.query, "dry_run");
  if (value == "false") return false;
  if (value != "true") return fail(Errc::invalid, "dry_run is true or false");
  if (route.answer != Answer::trial) return fail(Errc::invalid, "this has no dry run");
  return true;
}

/// In somebody's name, whatever is there.
Task<Response> act_anyway(GridControl& grid, Request request, Found found, std::shared_ptr<Trial> trial) {
  Actor actor{request.asker, request.peer_address, std::move(trial)};
  const auto acting = grid.acting_as(std::move(actor));
  co_return co_await found.route->handler(*acting, std::move(request), std::move(found.parameters));
}

/// What has no tag: nothing that was seen is it. What is posted to a list is made only where it is not there.
Task<Response> act_without_tag(GridControl& grid, Request request, Found found, Precondition condition,
                               std::shared_ptr<Trial> trial) {
  const bool must_be_new = condition.negated && condition.versions.empty();
  if (!condition.negated || (must_be_new && request.method != Method::post))
    co_return problem(412, "precondition_failed", "this has no entity tag");
  auto response = co_await act_anyway(grid, std::move(request), std::move(found), std::move(trial));
  const bool is_there = must_be_new && response.status == 409 &&
                        response.body.find("\"code\":\"already_exists\"") != std::string::npos;
  if (is_there) co_return problem(412, "precondition_failed", "it is there already");
  co_return response;
}

/// The route's answer, in somebody's name.
Task<Response> act(GridControl& grid, Request request, Found found, std::shared_ptr<Trial> trial) {
  auto condition = precondition(request);
  if (!condition) co_return co_await act_anyway(grid, std::move(request), std::move(found), std::move(trial));
  auto resource = resource_of(found.route->pattern, found.parameters);
  if (!resource)
    co_return co_await act_without_tag(grid, std::move(request), std::move(found), std::move(*condition),
                                       std::move(trial));
  Actor actor{request.asker, request.peer_address, std::move(trial)};
  const auto acting = co_await grid.acting_if(std::move(actor), std::move(*resource), std::move(*condition));
  if (!acting) co_return problem(acting.error());
  co_return co_await found.route->handler(**acting, std::move(request), std::move(found.parameters));
}

/// What the route would answer with, had it done what it would do.
Task<Response> try_to_act(GridControl& grid, Request request, Found found) {
  const auto trial = std::make_shared<Trial>();
  auto response = co_await act(grid, std::move(request), std::move(found), trial);
  constexpr std::uint16_t not_done = 300;
  if (response.status >= not_done) co_return response;
  co_return json_response(to_json(*trial));
}

/// The same, once for each idempotency key.
Task<Response> act_once(GridControl& grid, Request request, Found found) {
  const auto repeated = RepeatedRequest::of(request, request.asker.name);
  if (!repeated) co_return problem(repeated.error());
  if (!*repeated) co_return co_await act(grid, std::move(request), std::move(found), nullptr);
  auto& control = grid.requests_of_grid();
  auto before = co_await (*repeated)->answered(control);
  if (before) co_return std::move(*before);
  const bool has_secret = found.route->answer == Answer::secret;
  auto response = co_await act(grid, std::move(request), std::move(found), nullptr);
  co_await (*repeated)->keep(control, response, has_secret);
  co_return response;
}

Task<Response> route_request(GridControl& grid, Request request, Result<Found> found) {
  if (!found) co_return problem(found.error());
  if (found->route == nullptr) {
    Response response = problem(405, "method_not_allowed", "this path does not know that method");
    response.headers.emplace_back("Allow", found->allowed);
    co_return response;
  }
  const auto& route = *found->route;
  if (!may(request.asker, route.access, is_own(request.asker, found->parameters)))
    co_return problem(403, "forbidden",
                      "the role " + std::string(name_of(request.asker.role)) + " may not do that");
  if (request.asker.name.empty() || request.method == Method::get)
    co_return co_await route.handler(grid, std::move(request), std::move(found->parameters));
  const auto dry = is_dry_run(request, route);
  if (!dry) co_return problem(dry.error());
  if (*dry) co_return co_await try_to_act(grid, std::move(request), std::move(*found));
  co_return co_await act_once(grid, std::move(request), std::move(*found));
}

/// Limits are of the API: who probes, scrapes or looks at the dashboard's page is not counted.
Task<Response> admit(GridControl& grid, Request request) {
  auto found = find_route(request);
  if (!request.path.starts_with("/api/"))
    co_return co_await route_request(grid, std::move(request), std::move(found));
  auto& control = grid.requests_of_grid();
  auto quota = control.take_request(request.peer_address, {});
  if (quota && quota->is_used_up) co_return too_many_requests(*quota);
  if (!is_open(found)) {
    auto known = co_await check_credentials(grid, request);
    if (!known) co_return std::move(known.error());
    request.asker = std::move(*known);
    const auto own = control.take_request({}, request.asker.name);
    if (own && own->is_used_up) co_return too_many_requests(*own);
    if (own && (!quota || own->left < quota->left)) quota = own;
  }
  auto response = co_await route_request(grid, std::move(request), std::move(found));
  if (quota) add_quota(response, *quota);
  co_return response;
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::delete_:
      return "DELETE";
    case Method::other:
      break;
  }
  return "";
}

bool may(const Principal& principal, Access access, bool own) {
  if (access == Access::open) return true;
  if (principal.name.empty()) return false;
  switch (access) {
    case Access::open:
    case Access::anyone:
      return true;
    case Access::self_or_viewer:
      return own || principal.role >= Role::viewer;
    case Access::self_or_admin:
      return own || principal.role >= Role::admin;
    case Access::viewer:
      return principal.role >= Role::viewer;
    case Access::operator_:
      return principal.role >= Role::operator_;
    case Access::admin:
      return principal.role >= Role::admin;
  }
  return false;
}

Result<Parameters> match(std::string_view pattern, std::string_view path) {
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) {
    return fail(Errc::not_found);
  }
  Parameters parameters;
  while (!pattern.empty() || !path.empty()) {
    const auto wanted = next_segment(pattern);
    const auto given = next_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return fail(Errc::not_found);
      auto decoded = percent_decode(given);
      if (!decoded) return fail(Errc::invalid, "a % in the path is not followed by two hex digits");
      parameters.push_back(std::move(*decoded));
    } else if (wanted != given) {
      return fail(Errc::not_found);
    }
  }
  return parameters;
}

Task<Response> answer(GridControl& grid, Request request) {
  try {
    co_return co_await admit(grid, std::move(request));
  } catch (const std::system_error&) {
    throw;  // cancellation: the connection is going away
  } catch (const std::exception& error) {
    log(Level::error, "api.handler_failed", {{"what", error.what()}});
  }
  co_return problem(500, "internal", "the node could not answer; its log says why");
}

}  // namespace gridmail::api
