// How much text one structure may still take in: its record must stay small whatever the message holds.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace gridmail::mime {

class TextBudget {
 public:
  explicit TextBudget(std::size_t bytes) : left_(bytes) {}

  /// Charges `bytes` and what storing a value costs beside them. False, and nothing is charged, when that is
  /// too much.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (bytes + overhead > left_) return false;
    left_ -= bytes + overhead;
    return true;
  }
  /// The text, or nothing when it is too much.
  [[nodiscard]] std::optional<std::string> keep(std::string text) {
    if (!take(text.size())) return std::nullopt;
    return text;
  }

 private:
  static constexpr std::size_t overhead = 16;
  std::size_t left_;
};

}  // namespace gridmail::mime
