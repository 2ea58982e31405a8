// What came of sending, for the log and the trace; and outcomes for whom nothing was sent to.
#pragma once
#include <string>
#include <vector>

#include "storage/queue/queue.pb.h"
#include "storage/queue/queue_keys.hpp"
#include "storage/trace/trace_sink.hpp"

namespace gridmail {

void report_outcomes(TraceSink& trace, QueueEntryId entry, const queue::Message& message,
                     const std::vector<queue::Outcome>& outcomes);

/// Of a message's header section, without its last line end: up to the empty line, or, where there is none,
/// to the first line that is no part of a field (RFC 5322, section 2.2).
[[nodiscard]] std::size_t header_length(BytesView message);

/// What is in front of a message's body, for others: Return-Path is put there by whoever delivers at last
/// (RFC 5321, section 4.4).
[[nodiscard]] BytesView without_return_path(BytesView prefix);

/// All of the parcel's recipients wait, for this reason.
[[nodiscard]] std::vector<queue::Outcome> deferred(const queue::Parcel& parcel, const std::string& why);

}  // namespace gridmail
