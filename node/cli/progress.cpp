#include "node/cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace gridmail::cli {
namespace {

constexpr std::size_t bar_columns = 20;
constexpr std::size_t usual_columns = 80;

std::string duration_text(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::size_t columns_of_terminal() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : usual_columns;
}

bool can_draw() {
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

std::string progress_text(std::string_view what, const ProgressState& state, std::size_t columns) {
  const auto total = std::max(state.total, state.done);
  const double share = total == 0 ? 0 : static_cast<double>(state.done) / static_cast<double>(total);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
  auto text = fmt::format("{} {} of {} [{:=<{}}{: <{}}] {:.0f} %", what, state.done, total, "", filled, "",
                          bar_columns - filled, std::floor(share * 100));
  const bool has_rate = state.done_since_begin > 0 && state.elapsed.count() > 0;
  const double rate = has_rate ? static_cast<double>(state.done_since_begin) / state.elapsed.count() : 0;
  if (has_rate) text += fmt::format(", {:.{}f}/s", rate, rate < 10 ? 1 : 0);
  auto left = state.left;
  if (!left && has_rate)
    left = std::chrono::seconds(static_cast<long>(std::ceil(static_cast<double>(total - state.done) / rate)));
  if (left && state.done < total) text += fmt::format(", {} left", duration_text(*left));
  if (!state.note.empty()) text += fmt::format(", {}", state.note);
  return text.substr(0, columns);
}

Progress::Progress(std::string what, bool is_drawn) : what_(std::move(what)), is_drawn_(is_drawn) {}

Progress Progress::on_terminal(std::string what, const Arguments& arguments) {
  return {std::move(what), !arguments.contains("--no-progress") && can_draw()};
}

Progress::~Progress() {
  if (is_on_screen_) std::fputs("\r\033[K", stderr);
}

void Progress::show(std::size_t done, std::size_t total, std::optional<std::chrono::seconds> left,
                    std::string_view note) {
  if (!is_drawn_) return;
  if (!done_at_first_) done_at_first_ = done;
  const ProgressState state{done, total, Time::now() - begun_, done - std::min(done, *done_at_first_),
                            left, note};
  // One column less: a full line would make some terminals begin another.
  fmt::print(stderr, "\r{}\033[K", progress_text(what_, state, columns_of_terminal() - 1));
  std::fflush(stderr);
  is_on_screen_ = true;
}

}  // namespace gridmail::cli
