// The API's routes as a table, and what happens before a handler runs: match, ask who it is, decode the path.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/api/grid_control.hpp"
#include "node/api/message.hpp"

namespace gridmail::api {

/// "GET"; empty: another one.
[[nodiscard]] std::string_view name_of(Method method);

/// What stood at each {…} of the pattern, decoded, in order.
using Parameters = std::vector<std::string>;
using Handler = Task<Response> (*)(GridControl& grid, Request request, Parameters parameters);

/// Who may. Nobody else.
enum class Access : std::uint8_t {
  open,            ///< without log-in
  anyone,          ///< who has logged in
  self_or_viewer,  ///< the user whom the path's first {…} names, and viewers
  self_or_admin,   ///< the same user, and admins
  viewer,
  operator_,
  admin,
};
/// `own`: the path is about the principal's own user.
[[nodiscard]] bool may(const Principal& principal, Access access, bool own);

enum class Answer : std::uint8_t {
  document,
  pages,    ///< an array by pages (paging.hpp)
  created,  ///< 201: there is something new
  secret,   ///< the same; holds what is shown once and kept nowhere
  trial,    ///< of what moves or removes; with ?dry_run=true nothing is changed, and it says what would be
};

struct Route {
  Method method;
  std::string_view pattern;  ///< "/api/v1/users/{address}/password"
  Access access;
  Handler handler;
  /// What is sent and answered: a schema ("User[]", schemas.hpp), or a media type. What a GET is sent are the
  /// parameters of its query.
  std::string_view takes, gives;
  std::string_view summary;  ///< a sentence; also in the OpenAPI document
  Answer answer = Answer::document;
};

/// Every route there is (routes.cpp).
[[nodiscard]] std::span<const Route> routes();

/// Answers one request, never throws except on cancellation. Everything below /api/ that is not open gives
/// 401 without credentials, known path or not, so that nothing can be probed.
[[nodiscard]] Task<Response> answer(GridControl& grid, Request request);

/// The parameters when `path` has the pattern's shape. Errors: not_found (another shape), invalid (bad
/// encoding).
[[nodiscard]] Result<Parameters> match(std::string_view pattern, std::string_view path);

}  // namespace gridmail::api
