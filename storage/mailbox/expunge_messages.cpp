// EXPUNGE (RFC 3501, 6.4.3; RFC 4315, 2.1): entries go; bytes that no entry names any more wait for the
// sweep.
#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {

ChangeAnswer expunge_messages(UserChange& change, const mailbox::Expunge& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto wanted = to_set(request.uids());
  if (!wanted) co_return fail(Errc::invalid, "EXPUNGE");
  const auto found = co_await change.mailbox(request.mailbox());
  if (!found) co_return tl::unexpected(found.error());
  MailboxChange& mailbox = **found;
  using Which = MailboxChange::Which;
  const auto going = co_await mailbox.existing(*wanted, messages_per_operation,
                                               request.only_deleted() ? Which::only_deleted : Which::all);
  if (!going) co_return tl::unexpected(going.error());
  for (const auto& run : going->uids.runs()) {
    for (Uid uid = run.first; uid <= run.last; ++uid) {
      const auto entry = co_await mailbox.entry(uid);
      if (!entry) co_return tl::unexpected(entry.error());
      if (const auto gone = co_await mailbox.erase(uid, *entry); !gone)
        co_return tl::unexpected(gone.error());
      const auto dropped = co_await change.drop_use(entry->email());
      if (!dropped) co_return tl::unexpected(dropped.error());
    }
  }
  mailbox::Answer answer;
  *answer.mutable_expunged()->mutable_uids() = to_runs(going->uids);
  answer.mutable_expunged()->set_next_uid(going->next);
  co_return answer;
}

}  // namespace gridmail
