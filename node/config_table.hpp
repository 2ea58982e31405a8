// ConfigTable: one TOML table being read. Remembers which keys were asked for, so that finish() can name a
// key that nobody knows; the first error wins and later reads become no-ops, so that a reader needs no checks
// in between.
#pragma once
// toml++ 3.3.0 asserts, before it looks, what it then reports as an error ("[&").
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"
#include "node/config_text.hpp"

namespace gridmail {

/// The first thing wrong with a file, with its place.
class ConfigProblem {
 public:
  explicit ConfigProblem(std::string source) : source_(std::move(source)) {}
  void report(TextPlace at, std::string_view what);
  void report(const toml::source_position& at, std::string_view what) {
    report(TextPlace{at.line, at.column}, what);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::string source_;
  std::optional<Error> error_;
};

/// Borrowed by its reader; `table` may be null (the file does not have it) and must outlive this.
class ConfigTable {
 public:
  ConfigTable(const toml::table* table, std::string path, ConfigProblem& problem)
      : table_(table), path_(std::move(path)), problem_(problem) {}

  void read(std::string_view key, std::string& out);
  void read(std::string_view key, std::filesystem::path& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::uint32_t& out, std::uint32_t least, std::uint32_t most);
  /// A number of bytes, or text with a unit: 4096, "64 KiB", "50 MiB", "1 GiB".
  void read_bytes(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most);
  /// One of `names`; `out` becomes its index.
  void read_choice(std::string_view key, const std::vector<std::string_view>& names, std::size_t& out);
  /// The text at `key`, checked by `accept`, which returns what is wrong or nothing.
  template <class Accept>
  void read_with(std::string_view key, std::string_view what_it_must_be, Accept accept) {
    std::string text;
    const auto* node = find(key);
    if (node == nullptr) return;
    read(key, text);
    if (!problem_.error() && !accept(text)) complain(*node, key, what_it_must_be);
  }
  /// The texts of an array, each checked by `accept`.
  template <class Accept>
  void read_each(std::string_view key, std::string_view what_it_must_be, Accept accept) {
    const auto* node = find(key);
    if (node == nullptr) return;
    const auto* array = node->as_array();
    if (array == nullptr) return complain(*node, key, what_it_must_be);
    for (const auto& item : *array) {
      const auto text = item.template value_exact<std::string>();
      if (!text || !accept(*text)) return complain(item, key, what_it_must_be);
    }
  }
  [[nodiscard]] ConfigTable table(std::string_view key);
  /// Reports a key that was never asked for.
  void finish();

 private:
  const toml::node* find(std::string_view key);
  void complain(const toml::node& node, std::string_view key, std::string_view what_it_must_be);
  [[nodiscard]] std::string full_name(std::string_view key) const;

  const toml::table* table_;
  std::string path_;
  ConfigProblem& problem_;
  std::vector<std::string_view> known_;
};

/// "64 KiB" and its like; nothing when it is not a size or does not fit.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace gridmail
