#include "node/api/body.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

namespace gridmail::api {
namespace {

constexpr std::size_t text_bytes_max = 1024;

/// Which of two values is meant nobody can say (RFC 8259, section 4): a parser of JSON keeps either.
class RepeatedNames {
 public:
  bool operator()(int /*depth*/, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::object_end && !names_.empty()) names_.pop_back();
    if (event == Event::key && !names_.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second && repeated.empty()) repeated = name;
    }
    return true;
  }
  std::string repeated;  ///< the first that is

 private:
  std::vector<std::set<std::string>> names_;  ///< of each object that is open
};

}  // namespace

Result<Body> Body::parse(std::string_view text, std::initializer_list<std::string_view> known) {
  if (text.empty()) return Body(nlohmann::json::object());
  RepeatedNames names;
  auto json = nlohmann::json::parse(text, std::ref(names), false);
  if (!json.is_discarded() && !names.repeated.empty())
    return fail(Errc::invalid, fmt::format("\"{}\" is given twice", names.repeated));
  return check(std::move(json), known, "the body");
}

Result<Body> Body::check(nlohmann::json json, std::initializer_list<std::string_view> known,
                         std::string_view what) {
  if (!json.is_object()) return fail(Errc::invalid, fmt::format("{} is not a JSON object", what));
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fail(Errc::invalid, fmt::format("unknown field \"{}\"; known: {}", name, fmt::join(known, ", ")));
  }
  return Body(std::move(json));
}

Result<std::vector<Body>> Body::objects(std::string_view field, std::initializer_list<std::string_view> known,
                                        std::size_t count_max) const {
  const auto at = object_.find(field);
  if (at == object_.end() || !at->is_array() || at->size() > count_max) {
    return fail(Errc::invalid, fmt::format("\"{}\" must be an array of up to {} objects", field, count_max));
  }
  std::vector<Body> bodies;
  for (const auto& item : *at) {
    auto body = check(item, known, fmt::format("an item of \"{}\"", field));
    if (!body) return tl::unexpected(body.error());
    bodies.push_back(std::move(*body));
  }
  return bodies;
}

Result<std::string> Body::text(std::string_view field, std::size_t bytes_max) const {
  const auto at = object_.find(field);
  if (at == object_.end() || !at->is_string())
    return fail(Errc::invalid, fmt::format("\"{}\" must be text", field));
  auto value = at->get<std::string>();
  if (value.empty()) return fail(Errc::invalid, fmt::format("\"{}\" must not be empty", field));
  if (value.size() > bytes_max) return fail(Errc::invalid, fmt::format("\"{}\" is too long", field));
  return value;
}

Result<std::vector<std::string>> Body::texts(std::string_view field, std::size_t count_max) const {
  std::vector<std::string> values;
  const auto at = object_.find(field);
  if (at == object_.end()) return values;
  const bool fits =
      at->is_array() && at->size() <= count_max && std::all_of(at->begin(), at->end(), [](const auto& item) {
        return item.is_string() && item.template get_ref<const std::string&>().size() <= text_bytes_max;
      });
  if (!fits)
    return fail(Errc::invalid, fmt::format("\"{}\" must be an array of up to {} texts", field, count_max));
  for (const auto& item : *at) values.push_back(item.get<std::string>());
  return values;
}

Result<bool> Body::flag(std::string_view field, bool otherwise) const {
  const auto at = object_.find(field);
  if (at == object_.end()) return otherwise;
  if (!at->is_boolean()) return fail(Errc::invalid, fmt::format("\"{}\" must be true or false", field));
  return at->get<bool>();
}

Result<std::int64_t> Body::number(std::string_view field, std::int64_t otherwise, std::int64_t least,
                                  std::int64_t most) const {
  const auto at = object_.find(field);
  if (at == object_.end()) return otherwise;
  const bool whole = at->is_number_integer() && !(at->is_number_unsigned() && at->get<std::uint64_t>() >> 63);
  if (whole && at->get<std::int64_t>() >= least && at->get<std::int64_t>() <= most)
    return at->get<std::int64_t>();
  return fail(Errc::invalid, fmt::format("\"{}\" must be a whole number from {} to {}", field, least, most));
}

}  // namespace gridmail::api
