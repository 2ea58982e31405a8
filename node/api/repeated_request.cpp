#include "node/api/repeated_request.hpp"

#include <algorithm>

#include "node/base/bytes.hpp"
#include "node/base/log.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t hash_bytes = 32;
constexpr std::size_t kept_bytes_max = 4096;
constexpr std::uint16_t too_many = 429;
constexpr std::uint16_t server_errors = 500;

/// Of parts of any content: each goes in with its length.
Bytes hash_of(std::initializer_list<std::string_view> parts) {
  Bytes all;
  for (const auto part : parts) {
    append_be64(all, part.size());
    all += part;
  }
  return blake2b(all, hash_bytes);
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= RepeatedRequest::key_bytes_max &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Response replay(const KeptAnswer& answer) {
  if (!answer.withheld.empty()) return problem(409, "answered_before", answer.withheld);
  Response response{answer.status, answer.content_type, answer.body, {}};
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

}  // namespace

Result<std::optional<RepeatedRequest>> RepeatedRequest::of(const Request& request,
                                                           const std::string& principal) {
  const auto key = field(request, "Idempotency-Key");
  if (key.empty() || request.method != Method::post) return std::nullopt;
  if (!is_key(key)) return fail(Errc::invalid, "an Idempotency-Key has up to 255 printable characters");
  RepeatedRequest repeated;
  repeated.id_ = hash_of({principal, key});
  repeated.request_ = hash_of({"POST", request.path, request.query, request.body});
  return std::optional(std::move(repeated));
}

Task<std::optional<Response>> RepeatedRequest::look(RequestControl& control) const {
  auto id = id_;
  const auto kept = co_await control.kept_answer(std::move(id));
  if (!kept && kept.error().code == Errc::not_found) co_return std::nullopt;
  if (!kept) co_return problem(kept.error());
  if (kept->request != request_)
    co_return problem(422, "key_reused", "the Idempotency-Key was used for another request");
  if (kept->status == 0)
    co_return problem(409, "under_way", "a request with this Idempotency-Key is under way");
  co_return replay(*kept);
}

Task<std::optional<Response>> RepeatedRequest::answered(RequestControl& control) const {
  auto before = co_await look(control);
  if (before) co_return before;
  auto id = id_, request = request_;
  const auto begun = co_await control.begin_request(std::move(id), std::move(request));
  if (begun) co_return std::nullopt;
  if (begun.error().code != Errc::already_exists) co_return problem(begun.error());
  auto meanwhile = co_await look(control);
  if (meanwhile) co_return meanwhile;
  co_return problem(409, "under_way", "a request with this Idempotency-Key was made through another node");
}

Task<void> RepeatedRequest::keep(RequestControl& control, const Response& response, bool has_secret) const {
  KeptAnswer answer;
  answer.request = request_;
  const bool came_to_nothing = response.status == too_many || response.status >= server_errors;
  if (!came_to_nothing) {
    answer.status = response.status;
    answer.content_type = response.content_type;
    if (has_secret) {
      answer.withheld = "this was done before; the answer held a secret, which is shown once";
    } else if (response.body.size() > kept_bytes_max) {
      answer.withheld = "this was done before; the answer was too long to be kept";
    } else {
      answer.body = response.body;
    }
  }
  auto id = id_;
  const auto kept = co_await control.keep_answer(std::move(id), std::move(answer));
  if (!kept) log(Level::warn, "api.answer_not_kept", {{"error", kept.error().text}});
}

}  // namespace gridmail::api
