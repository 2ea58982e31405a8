// Log lines: one stable event id each, then key=value fields (logfmt) or a JSON object.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace gridmail {

enum class Level { debug, info, warn, error };

/// One field of a log line; the value is formatted by fmt.
struct Field {
  std::string_view key;
  std::string value;
  template <class T>
  Field(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
};

/// Writes one line. `event` is stable and dotted: "slot.opened", "smtp.connection_lost". Thread-safe.
void log(Level level, std::string_view event, std::initializer_list<Field> fields = {});
[[nodiscard]] bool log_enabled(Level level);

/// Start-up settings; the sink gets each finished line without its newline.
void set_log_level(Level level);
void set_log_json(bool json);
void set_log_sink(std::function<void(Level, std::string_view line)> sink);

}  // namespace gridmail
