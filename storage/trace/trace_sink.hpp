// TraceSink: the port to which everything that handles messages says what became of them.
#pragma once
#include "storage/trace/trace.pb.h"

namespace gridmail {

/// Of one event; a message with more has several.
inline constexpr int traced_recipients_max = 100;

/// Thread-safe. A hint for people: never waits, and loses events rather than hold mail up.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  /// `node` is filled in, and `at` where it is not said.
  virtual void note(trace::Event event) = 0;
};

/// Where nothing is to be remembered.
class NoTrace final : public TraceSink {
 public:
  void note(trace::Event) override {}
};

}  // namespace gridmail
