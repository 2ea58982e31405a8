// What a simulated grid logs while a seed passes goes nowhere.
#pragma once
#include "node/base/log.hpp"

namespace gridmail::sim {

inline void be_quiet() {
  set_log_level(Level::error);
  set_log_sink([](Level, std::string_view) {});
}

}  // namespace gridmail::sim
