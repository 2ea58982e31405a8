// A conversation in a protocol of lines, and what is said to a client that is silent when its server stops.
#pragma once
#include <functional>
#include <string>

#include "node/runtime/stop_signal.hpp"
#include "protocols/line/line_channel.hpp"

namespace gridmail {

struct Farewell {
  StopSignal* stopping = nullptr;  ///< null: never. Outlives the conversation
  std::function<bool()>
      may_leave;     ///< asked between reads: whether the client is waited for, and may be sent away
  std::string text;  ///< the last reply
};

/// Returns when the conversation is over, or when the farewell has been sent beside its read; the caller then
/// closes the stream. A client that is busy when the signal comes is the conversation's to send away: it
/// looks before each read and after it. Throws what the conversation throws.
[[nodiscard]] Task<void> converse(LineChannel& channel, Clock& clock, Farewell farewell,
                                  Task<void> conversation);

}  // namespace gridmail
