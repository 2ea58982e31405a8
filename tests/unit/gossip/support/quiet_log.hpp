// Keeps the log out of a test's output while errors are provoked.
#pragma once
#include "node/base/log.hpp"

namespace gridmail::test {

class QuietLog {
 public:
  QuietLog() {
    set_log_sink([](Level, std::string_view) {});
  }
  ~QuietLog() { set_log_sink({}); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace gridmail::test
