// How far something long has come, on one line of a terminal that is drawn anew in place.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "node/cli/verbs.hpp"

namespace gridmail::cli {

struct ProgressState {
  std::size_t done = 0, total = 0;
  std::chrono::duration<double> elapsed{};        ///< in which `done_since_begin` were done
  std::size_t done_since_begin = 0;               ///< what was done before is no measure of the rate
  std::optional<std::chrono::seconds> left = {};  ///< where somebody knows better than the rate does
  std::string_view note = {};                     ///< such as "paused"
};

/// "users 300 of 1200 [=====               ] 25 %, 85/s, 11 s left", no longer than `columns`. Pure.
[[nodiscard]] std::string progress_text(std::string_view what, const ProgressState& state,
                                        std::size_t columns);

/// Draws on standard error, and only where that is a terminal: what is piped on has nothing of it. The line
/// is gone when this ends.
class Progress {
 public:
  /// Draws nothing with --no-progress, or on a terminal that cannot (TERM=dumb). It has no colours to leave
  /// out for NO_COLOR.
  [[nodiscard]] static Progress on_terminal(std::string what, const Arguments& arguments);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::size_t done, std::size_t total, std::optional<std::chrono::seconds> left = {},
            std::string_view note = {});

 private:
  Progress(std::string what, bool is_drawn);
  using Time = std::chrono::steady_clock;

  const std::string what_;
  const bool is_drawn_;
  const Time::time_point begun_ = Time::now();
  std::optional<std::size_t> done_at_first_;
  bool is_on_screen_ = false;
};

}  // namespace gridmail::cli
