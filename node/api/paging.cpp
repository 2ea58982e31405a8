#include "node/api/paging.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "node/base/percent.hpp"

namespace gridmail::api {
namespace {

constexpr std::string_view postmaster_address = "postmaster";

/// Digits only.
template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

std::string without_cursor(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty() || pair.substr(0, pair.find('=')) == "after") continue;
    kept += fmt::format("{}&", pair);
  }
  return kept;
}

/// A query and a path may hold what ends a Link field's target.
bool fits_link(std::string_view text) {
  return text.find_first_of("<>\"") == std::string_view::npos;
}

}  // namespace

Result<Paging> Paging::of(const Request& request, std::uint32_t limit_default) {
  Paging paging;
  paging.limit_ = limit_default;
  if (query_has(request.query, "after")) {
    auto after = query_value(request.query, "after");
    if (!after) return fail(Errc::invalid, "after is not percent-encoded");
    paging.after_ = std::move(*after);
  }
  if (query_has(request.query, "limit")) {
    const auto limit = query_value(request.query, "limit");
    if (!limit || !read_number(*limit, paging.limit_) || paging.limit_ == 0 || paging.limit_ > limit_max)
      return fail(Errc::invalid, fmt::format("limit is a number from 1 to {}", limit_max));
  }
  if (!fits_link(request.query)) return fail(Errc::invalid, "the query is not percent-encoded");
  paging.path_ = request.path;
  paging.query_ = without_cursor(request.query);
  return paging;
}

Result<Paging> Paging::of_addresses(const Request& request) {
  auto paging = of(request);
  if (!paging || paging->after_.empty() || paging->after_ == postmaster_address) return paging;
  const auto at = paging->after_.find('@');
  if (at == 0 || at >= paging->after_.size() - 1)
    return fail(Errc::invalid, paging->after_ + " is no cursor of this list: no address");
  return paging;
}

Result<std::uint64_t> Paging::number_after(std::uint64_t otherwise) const {
  if (after_.empty()) return otherwise;
  std::uint64_t number = 0;
  if (!read_number(after_, number))
    return fail(Errc::invalid, after_ + " is no cursor of this list: no number");
  return number;
}

Result<std::size_t> Paging::place_after() const {
  if (after_.empty()) return 0;
  const auto place = number_after(0);
  if (!place) return tl::unexpected(place.error());
  if (*place > std::numeric_limits<std::uint32_t>::max()) return std::numeric_limits<std::uint32_t>::max();
  return std::size_t{*place} + 1;
}

Response Paging::respond(const Json& array, const std::string& last) const {
  auto response = json_response(array);
  if (!last.empty()) {
    response.headers.emplace_back(
        "Link", fmt::format("<{}?{}after={}>; rel=\"next\"", path_, query_, percent_encode(last)));
  }
  return response;
}

}  // namespace gridmail::api
