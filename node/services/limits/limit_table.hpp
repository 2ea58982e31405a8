// LimitTable: how much one client address, network or user may do within a time, as administrators write it:
// "messages-per-user=500/1h failed-log-ins-per-address=20/10m".
#pragma once
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail {

enum class Counted : std::uint8_t { connections, messages, recipients, failed_log_ins, requests };
enum class Per : std::uint8_t { address, network, user };
inline constexpr std::size_t counted_kinds = 5;
inline constexpr std::size_t per_kinds = 3;

struct Limit {
  std::uint32_t count = 0;  ///< at once; later ones as time goes by
  std::chrono::seconds within{};
};

/// A value. Of a user, connections are log-ins. Requests are those of the HTTP API.
class LimitTable {
 public:
  /// Words with blanks between them: what, "-per-", whom, "=", a number, "/", a time such as 30s, 10m, 1h,
  /// 1d. "none", or empty: no limits. Errors: invalid, with the word.
  [[nodiscard]] static Result<LimitTable> parse(std::string_view text);
  /// What parse() reads.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] const std::optional<Limit>& of(Counted what, Per whom) const {
    return limits_[static_cast<std::size_t>(what) * per_kinds + static_cast<std::size_t>(whom)];
  }
  [[nodiscard]] bool empty() const;

 private:
  std::array<std::optional<Limit>, counted_kinds * per_kinds> limits_;
};

}  // namespace gridmail
