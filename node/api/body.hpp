// A JSON request body: an object of known text and number fields, checked as it is read.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail::api {

class Body {
 public:
  /// Errors: invalid when it is not a JSON object in UTF-8, or has a field that is not in `known`. An empty
  /// text is an empty object.
  [[nodiscard]] static Result<Body> parse(std::string_view text,
                                          std::initializer_list<std::string_view> known);

  /// Errors: invalid when it is missing, not text, empty, or over 1,024 bytes.
  [[nodiscard]] Result<std::string> text(std::string_view field) const;
  /// `otherwise` when it is missing. Errors: invalid when it is not a whole number in [least, most].
  [[nodiscard]] Result<std::int64_t> number(std::string_view field, std::int64_t otherwise,
                                            std::int64_t least, std::int64_t most) const;

 private:
  explicit Body(nlohmann::json object) : object_(std::move(object)) {}
  nlohmann::json object_;
};

}  // namespace gridmail::api
