// What follows from an attempt to send a parcel: who is left, and what the sender is to be told.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/queue/queue.pb.h"
#include "storage/queue/queue_keys.hpp"
#include "storage/queue/retry_plan.hpp"

namespace gridmail {

/// The domain of an address.
[[nodiscard]] std::string destination_of(const std::string& address);

/// Recipients elsewhere, by domain, at most 100 in a parcel: all due at `now`.
[[nodiscard]] std::vector<queue::Parcel> make_parcels(const std::vector<queue::Recipient>& recipients,
                                                      WallMicros now);

/// Stands for a message's sender among those who share the way to a next hop. Case, and what is behind a "+",
/// make no other sender: that may differ with each message.
[[nodiscard]] std::uint64_t sender_mark(const std::string& sender);

/// What is noted where it is due.
[[nodiscard]] queue::Waiting waiting_of(const queue::Parcel& parcel);

struct ParcelPlan {
  std::optional<queue::Parcel> left;  ///< nothing: done with all of its recipients
  std::vector<queue::Report> reports;
  std::vector<std::string> dropped;  ///< failed, and nobody is to be told
};

/// `outcomes` are found by address; a recipient without one is left as deferred. What the sender is told
/// follows NOTIFY (RFC 3461, section 4.1), and nothing for the null sender (RFC 5321, section 4.5.5).
[[nodiscard]] ParcelPlan settle(queue::Parcel parcel, const queue::Message& message,
                                const std::vector<queue::Outcome>& outcomes, const RetryRules& rules,
                                WallMicros now, double chance);

/// What the sender of `message` is told of `recipients`, who have it and for whom that was asked. Nothing for
/// the null sender.
[[nodiscard]] std::optional<queue::Report> report_delivered(const queue::Message& message,
                                                            const std::vector<queue::Recipient>& recipients,
                                                            WallMicros now);

/// What the sender is told of those recipients for whom it was decided before the message came to the queue.
/// Nothing: there are none, or nobody is to be told.
[[nodiscard]] std::optional<queue::Report> report_refused(const queue::Submit& submit, WallMicros now);

/// No entry has so many parcels: stands for its recipients who are here.
inline constexpr std::uint32_t parcel_of_who_is_here = (1U << 14) - 1;
/// Names a report within its entry: the kinds of one attempt on one parcel differ.
[[nodiscard]] std::uint32_t report_number(std::uint32_t parcel, std::uint32_t attempts,
                                          queue::Report::Kind kind);

}  // namespace gridmail
