#include "node/cli/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "node/config_table.hpp"

namespace gridmail::cli {
namespace {

enum class Kind : std::uint8_t { text, number, flag, texts };

struct Field {
  std::string_view name;
  Kind kind;
};

constexpr Field setting_fields[] = {{"copies", Kind::number},
                                    {"copies_min", Kind::number},
                                    {"limits", Kind::text},
                                    {"postmaster", Kind::text},
                                    {"scrub_days", Kind::number}};
constexpr Field domain_fields[] = {{"alias_of", Kind::text}, {"catch_all", Kind::text}};
constexpr Field route_fields[] = {{"via", Kind::text}, {"tls", Kind::text}};
constexpr Field user_fields[] = {
    {"forward_to", Kind::texts}, {"forward_only", Kind::flag}, {"delegates", Kind::texts}};
constexpr std::string_view sections[] = {"settings", "domains", "aliases", "lists", "routes", "users"};

/// Reads a file; the first thing that is wrong is what it says.
class Reader {
 public:
  explicit Reader(std::string source) : source_(std::move(source)) {}

  [[nodiscard]] Result<Json> read(const toml::table& root) {
    Json config = Json::object();
    for (const auto& [key, node] : root) {
      const std::string_view name = key.str();
      if (std::find(std::begin(sections), std::end(sections), name) == std::end(sections)) {
        complain(node, fmt::format("there is no section {}", name));
      } else if (!node.is_table()) {
        complain(node, fmt::format("{} must be a table", name));
      } else {
        config[std::string(name)] = section(name, *node.as_table());
      }
    }
    if (wrong_) return tl::unexpected(*wrong_);
    return config;
  }

 private:
  void complain(const toml::node& node, const std::string& text) {
    if (wrong_) return;
    const auto at = node.source().begin;
    wrong_ = Error{Errc::invalid, fmt::format("{}:{}:{}: {}", source_, at.line, at.column, text)};
  }

  Json section(std::string_view name, const toml::table& table) {
    if (name == "settings") return record(table, setting_fields);
    Json json = Json::object();
    for (const auto& [key, node] : table) {
      auto& item = json[std::string(key.str())];
      if (name == "aliases") {
        item = value(node, Kind::text, key.str());
      } else if (name == "lists") {
        item = value(node, Kind::texts, key.str());
      } else if (!node.is_table()) {
        complain(node, fmt::format("{} must be a table", key.str()));
      } else {
        item = record(*node.as_table(), fields_of(name));
      }
    }
    return json;
  }

  static std::span<const Field> fields_of(std::string_view section) {
    if (section == "domains") return domain_fields;
    if (section == "routes") return route_fields;
    return user_fields;
  }

  Json record(const toml::table& table, std::span<const Field> fields) {
    Json json = Json::object();
    for (const auto& [key, node] : table) {
      const auto known = std::find_if(fields.begin(), fields.end(),
                                      [name = key.str()](const Field& field) { return field.name == name; });
      if (known == fields.end()) {
        complain(node, fmt::format("there is no {}", key.str()));
      } else {
        json[std::string(key.str())] = value(node, known->kind, key.str());
      }
    }
    return json;
  }

  Json value(const toml::node& node, Kind kind, std::string_view name) {
    if (kind == Kind::text && node.is_string()) return std::string(**node.as_string());
    if (kind == Kind::number && node.is_integer()) return **node.as_integer();
    if (kind == Kind::flag && node.is_boolean()) return **node.as_boolean();
    const bool all_text = kind == Kind::texts && node.is_array() &&
                          (node.as_array()->empty() || node.as_array()->is_homogeneous<std::string>());
    if (!all_text) {
      constexpr std::string_view wanted[] = {"text", "a whole number", "true or false", "an array of texts"};
      complain(node, fmt::format("{} must be {}", name, wanted[static_cast<std::size_t>(kind)]));
      return nullptr;
    }
    Json array = Json::array();
    for (const auto& item : *node.as_array()) array.push_back(std::string(**item.as_string()));
    return array;
  }

  std::string source_;
  std::optional<Error> wrong_;
};

/// A basic string (TOML 1.0): what JSON writes is one, too.
std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string value_text(const Json& value) {
  if (value.is_string()) return quoted(value.get_ref<const std::string&>());
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += fmt::format("{}{}", text.empty() ? "" : ", ", value_text(item));
  return fmt::format("[{}]", text);
}

}  // namespace

Result<Json> parse_config_file(std::string_view text, const std::string& source) {
  try {
    const toml::table root = toml::parse(text, source);
    return Reader(source).read(root);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    return fail(Errc::invalid, fmt::format("{}:{}:{}: {}", source, at.line, at.column, error.description()));
  }
}

std::string config_file_text(const Json& config) {
  std::string text;
  for (const auto& [name, section] : config.items()) {
    const bool is_flat = name == "settings" || name == "aliases" || name == "lists";
    if (is_flat) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", name);
    for (const auto& [key, value] : section.items()) {
      if (is_flat) {
        text += fmt::format("{} = {}\n", name == "settings" ? key : quoted(key), value_text(value));
        continue;
      }
      text += fmt::format("{}[{}.{}]\n", text.empty() ? "" : "\n", name, quoted(key));
      for (const auto& [field, item] : value.items())
        text += fmt::format("{} = {}\n", field, value_text(item));
    }
    if (!is_flat && section.empty()) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", name);
  }
  return text;
}

}  // namespace gridmail::cli
