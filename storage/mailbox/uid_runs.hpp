// UidSet to the UidRuns of mailbox.proto and back.
#pragma once
#include <optional>

#include "node/base/uid_set.hpp"
#include "storage/mailbox/mailbox.pb.h"

namespace gridmail {

[[nodiscard]] mailbox::UidRuns to_runs(const UidSet& set);
/// Nothing when the runs are not ascending, touch each other, or pass the greatest UID.
[[nodiscard]] std::optional<UidSet> to_set(const mailbox::UidRuns& runs);

/// Adds every UID of `more`.
void merge(UidSet& set, const UidSet& more);
/// The part of `set` from `first` on.
[[nodiscard]] UidSet from(const UidSet& set, Uid first);

/// The part of `set` below `end`.
[[nodiscard]] UidSet below(const UidSet& set, Uid end);
[[nodiscard]] UidSet subtract(const UidSet& set, const UidSet& less);

}  // namespace gridmail
