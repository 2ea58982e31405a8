// Taking apart what the slot answered; for the client.
#pragma once
#include <utility>

#include "node/base/result.hpp"
#include "storage/mailbox/mailbox.pb.h"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {

/// The part of the answer that the request asks for.
template <class Part>
[[nodiscard]] Result<Part> part_of(Result<mailbox::Answer> answer, bool (mailbox::Answer::*has)() const,
                                   Part* (mailbox::Answer::*part)()) {
  if (!answer) return tl::unexpected(answer.error());
  if (!((*answer).*has)()) return fail(Errc::corrupted, "answer of a mailbox");
  return std::move(*((*answer).*part)());
}

[[nodiscard]] inline Result<UidSet> set_of(const mailbox::UidRuns& runs) {
  auto set = to_set(runs);
  if (!set) return fail(Errc::corrupted, "UIDs of an answer");
  return std::move(*set);
}

/// What has to be asked again after a part was answered up to `next`.
[[nodiscard]] inline UidSet rest_of(const UidSet& uids, Uid next) {
  return next == 0 ? UidSet() : from(uids, next);
}

}  // namespace gridmail
