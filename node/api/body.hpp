// A JSON request body: an object of known text and number fields, checked as it is read.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::api {

class Body {
 public:
  /// Errors: invalid when it is not a JSON object in UTF-8, has a field that is not in `known`, or one twice.
  /// An empty text is an empty object.
  [[nodiscard]] static Result<Body> parse(std::string_view text,
                                          std::initializer_list<std::string_view> known);

  [[nodiscard]] bool has(std::string_view field) const { return object_.contains(field); }
  /// An array of objects, each of which may have the `known` fields. Errors: invalid when it is missing,
  /// something else, or has more than `count_max` items.
  [[nodiscard]] Result<std::vector<Body>> objects(std::string_view field,
                                                  std::initializer_list<std::string_view> known,
                                                  std::size_t count_max) const;

  /// Errors: invalid when it is missing, not text, empty, or over `bytes_max`.
  [[nodiscard]] Result<std::string> text(std::string_view field, std::size_t bytes_max = 1024) const;
  /// Texts of 1,024 bytes at most; none when it is missing. Errors: invalid when it is no array, or has more
  /// than `count_max` items.
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view field, std::size_t count_max) const;
  /// `otherwise` when it is missing. Errors: invalid when it is neither true nor false.
  [[nodiscard]] Result<bool> flag(std::string_view field, bool otherwise) const;
  /// `otherwise` when it is missing. Errors: invalid when it is not a whole number in [least, most].
  [[nodiscard]] Result<std::int64_t> number(std::string_view field, std::int64_t otherwise,
                                            std::int64_t least, std::int64_t most) const;

 private:
  [[nodiscard]] static Result<Body> check(nlohmann::json json, std::initializer_list<std::string_view> known,
                                          std::string_view what);
  explicit Body(nlohmann::json object) : object_(std::move(object)) {}
  nlohmann::json object_;
};

}  // namespace gridmail::api
