// Lists by pages: ?limit= rows, those that follow the cursor ?after=. While there are more, a Link field with
// rel="next" (RFC 8288) leads to them. A cursor is a row's key, so a page begins where it should whatever was
// added or removed meanwhile.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "node/api/json_response.hpp"

namespace gridmail::api {

class Paging {
 public:
  static constexpr std::uint32_t limit_max = 10'000;

  /// What the request's query asks for. Errors: invalid.
  [[nodiscard]] static Result<Paging> of(const Request& request, std::uint32_t limit_default = 1000);

  /// The same for a list of addresses, whose cursors are addresses.
  [[nodiscard]] static Result<Paging> of_addresses(const Request& request);

  /// The cursor as a number; `otherwise` where there is none. Errors: invalid.
  [[nodiscard]] Result<std::uint64_t> number_after(std::uint64_t otherwise) const;
  /// One row more than is answered, so that it is known whether there are more.
  [[nodiscard]] PageQuery query() const { return {after_, limit_ + 1}; }

  /// `rows`: as query() asks for.
  template <class Row, class CursorOf, class JsonOf>
  [[nodiscard]] Response respond(const Result<std::vector<Row>>& rows, const CursorOf& cursor_of,
                                 const JsonOf& json_of) const {
    if (!rows) return problem(rows.error());
    Json array = Json::array();
    const auto count = std::min<std::size_t>(rows->size(), limit_);
    for (std::size_t i = 0; i < count; ++i) array.push_back(json_of((*rows)[i]));
    return respond(array, count < rows->size() ? std::string(cursor_of((*rows)[count - 1])) : std::string());
  }
  template <class Row, class CursorOf>
  [[nodiscard]] Response respond(const Result<std::vector<Row>>& rows, const CursorOf& cursor_of) const {
    return respond(rows, cursor_of, [](const Row& row) { return to_json(row); });
  }
  /// `rows`: all, in the order of their cursors.
  template <class Row, class CursorOf, class JsonOf>
  [[nodiscard]] Response respond_part(const Result<std::vector<Row>>& rows, const CursorOf& cursor_of,
                                      const JsonOf& json_of) const {
    if (!rows) return problem(rows.error());
    const auto first = std::find_if(rows->begin(), rows->end(), [&](const Row& row) {
      return after_.empty() || std::string_view(cursor_of(row)) > after_;
    });
    const auto count = std::min<std::ptrdiff_t>(rows->end() - first, std::ptrdiff_t{limit_} + 1);
    const Result<std::vector<Row>> part = std::vector<Row>(first, first + count);
    return respond(part, cursor_of, json_of);
  }
  template <class Row, class CursorOf>
  [[nodiscard]] Response respond_part(const Result<std::vector<Row>>& rows, const CursorOf& cursor_of) const {
    return respond_part(rows, cursor_of, [](const Row& row) { return to_json(row); });
  }
  /// `rows`: all; their cursors are their places.
  template <class Row>
  [[nodiscard]] Response respond_by_place(const Result<std::vector<Row>>& rows) const {
    if (!rows) return problem(rows.error());
    const auto first = place_after();
    if (!first) return problem(first.error());
    Json array = Json::array();
    const auto last = std::min<std::size_t>(rows->size(), *first + limit_);
    for (auto i = *first; i < last; ++i) array.push_back(to_json((*rows)[i]));
    return respond(array, last < rows->size() ? std::to_string(last - 1) : std::string());
  }

 private:
  /// `last`: the cursor of the last row where there are more; else empty.
  [[nodiscard]] Response respond(const Json& array, const std::string& last) const;
  [[nodiscard]] Result<std::size_t> place_after() const;

  std::string path_, query_;  ///< the request's, the latter without the cursor
  std::string after_;
  std::uint32_t limit_ = 0;
};

}  // namespace gridmail::api
