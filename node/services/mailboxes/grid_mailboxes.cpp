#include "node/services/mailboxes/grid_mailboxes.hpp"

#include <algorithm>
#include <asio/this_coro.hpp>

#include "node/services/mailboxes/port_conversion.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"
#include "storage/mailbox/uid_runs.hpp"

namespace gridmail {
namespace {

/// A lost push costs at most so much delay.
constexpr Duration ask_again = std::chrono::seconds(30);
/// After a failed question; a new map ends the wait earlier.
constexpr Duration ask_again_after_failure = std::chrono::seconds(1);
/// A shorter message is parsed where it is.
constexpr std::size_t parsed_inline_max = 64 * 1024;

}  // namespace

Task<Result<std::vector<ports::MailboxInfo>>> GridMailboxes::list(UserId user) {
  const auto listing = co_await parts_.client.list(user);
  if (!listing) co_return tl::unexpected(listing.error());
  std::vector<ports::MailboxInfo> names;
  for (const auto& name : listing->names()) names.push_back(port_info(name));
  co_return names;
}

Task<Result<ports::MailboxStatus>> GridMailboxes::status(UserId user, std::string name) {
  const auto status = co_await parts_.client.status(user, std::move(name));
  if (!status) co_return tl::unexpected(status.error());
  co_return port_status(*status);
}

Task<Result<void>> GridMailboxes::create(UserId user, std::string name, ports::SpecialUse use) {
  return parts_.client.create(user, std::move(name), stored_use(use));
}

Task<Result<void>> GridMailboxes::remove(UserId user, std::string name) {
  return parts_.client.remove(user, std::move(name));
}

Task<Result<void>> GridMailboxes::rename(UserId user, std::string from, std::string to) {
  return parts_.client.rename(user, std::move(from), std::move(to));
}

Task<Result<void>> GridMailboxes::subscribe(UserId user, std::string name, bool subscribed) {
  return parts_.client.subscribe(user, std::move(name), subscribed);
}

Task<Result<ports::OpenedMailbox>> GridMailboxes::open(UserId user, std::string name, bool read_only) {
  const auto opened = co_await parts_.client.open(user, std::move(name), read_only);
  if (!opened) co_return tl::unexpected(opened.error());
  co_return port_opened(*opened);
}

Task<Result<ports::Changes>> GridMailboxes::changes(UserId user, MailboxId mailbox, ModSeq since,
                                                    bool read_only) {
  const auto changes = co_await parts_.client.changes(user, mailbox, since, read_only);
  if (!changes) co_return tl::unexpected(changes.error());
  co_return port_changes(*changes);
}

Task<Result<std::vector<ports::Entry>>> GridMailboxes::entries(UserId user, MailboxId mailbox, UidSet uids) {
  const auto stored = co_await parts_.client.entries(user, mailbox, std::move(uids));
  if (!stored) co_return tl::unexpected(stored.error());
  co_return port_entries(*stored);
}

Task<Result<std::vector<ports::Entry>>> GridMailboxes::expunged_entries(UserId user, MailboxId mailbox,
                                                                        UidSet uids) {
  const auto kept = co_await parts_.client.expunged_entries(user, mailbox, std::move(uids));
  if (!kept) co_return tl::unexpected(kept.error());
  co_return port_entries(*kept);
}

// Listens first and asks then, so that no change falls between. A slot that is down is waited for: the
// session goes on.
Task<Result<void>> GridMailboxes::wait_for_change(UserId user, MailboxId mailbox, ModSeq since,
                                                  TimePoint until) {
  auto& clock = parts_.clock;
  const auto executor = co_await asio::this_coro::executor;
  while (clock.now() < until) {
    const auto woken = std::make_shared<Event>(executor);
    const auto slot = parts_.client.slot_of(user);
    const auto registration = parts_.listener.listen(slot, user, mailbox, since, woken);
    SlotClient::Options options;
    options.wait_max = std::min(options.wait_max, until - clock.now());
    const auto highest = co_await parts_.client.watch(user, mailbox, options);
    if (!highest && !highest.error().temporary()) co_return tl::unexpected(highest.error());
    if (highest && *highest > since) co_return Result<void>{};
    const auto pause = highest ? ask_again : ask_again_after_failure;
    const auto alarm = clock.call_at(std::min(until, clock.now() + pause), [woken] { woken->set(); });
    co_await woken->wait();
  }
  co_return Result<void>{};
}

Task<Result<std::vector<std::pair<EmailId, Bytes>>>> GridMailboxes::structures(UserId user,
                                                                               std::vector<EmailId> emails) {
  return parts_.client.structures(user, std::move(emails));
}

Task<Result<std::vector<Bytes>>> GridMailboxes::read(UserId user, std::vector<MessageRange> ranges) {
  return parts_.client.read(user, std::move(ranges));
}

Task<Result<ports::StoreOutcome>> GridMailboxes::store(UserId user, MailboxId mailbox, UidSet uids,
                                                       ports::FlagChange change, ports::Flags flags) {
  const auto stored = co_await parts_.client.store(user, mailbox, std::move(uids), stored_change(change),
                                                   stored_flags(flags));
  if (!stored) co_return tl::unexpected(stored.error());
  co_return port_stored(*stored);
}

Task<Result<ports::CopyOutcome>> GridMailboxes::copy(UserId user, MailboxId mailbox, UidSet uids,
                                                     std::string target) {
  const auto copied = co_await parts_.client.copy(user, mailbox, std::move(uids), std::move(target));
  if (!copied) co_return tl::unexpected(copied.error());
  co_return port_copied(*copied);
}

Task<Result<ports::CopyOutcome>> GridMailboxes::move(UserId user, MailboxId mailbox, UidSet uids,
                                                     std::string target) {
  const auto moved = co_await parts_.client.move(user, mailbox, std::move(uids), std::move(target));
  if (!moved) co_return tl::unexpected(moved.error());
  co_return port_copied(*moved);
}

Task<Result<UidSet>> GridMailboxes::expunge(UserId user, MailboxId mailbox, UidSet uids, bool only_deleted) {
  return parts_.client.expunge(user, mailbox, std::move(uids), only_deleted);
}

Task<Result<Bytes>> GridMailboxes::structure_of(const MessageSpool& message) {
  const auto whole = message.whole();
  if (!whole) co_return tl::unexpected(whole.error());
  if (parts_.workers == nullptr || whole->size() <= parsed_inline_max)
    co_return mime::encode(mime::parse(*whole));
  const BytesView bytes = *whole;
  const auto parse = [&bytes] { return mime::encode(mime::parse(bytes)); };
  co_return co_await parts_.workers->run(parse);
}

Task<Result<ports::AppendOutcome>> GridMailboxes::append(UserId user, std::string name, ports::Flags flags,
                                                         WallMicros date, std::int16_t zone_minutes,
                                                         std::unique_ptr<ports::Spool> message) {
  const auto* spool = dynamic_cast<const MessageSpool*>(message.get());
  GRIDMAIL_ASSERT(spool != nullptr);  // from begin_message()
  auto structure = co_await structure_of(*spool);
  if (!structure) co_return tl::unexpected(structure.error());
  NewMessage parsed;
  parsed.mailbox = std::move(name);
  parsed.structure = std::move(*structure);
  parsed.flags = stored_flags(flags);
  parsed.internal_date = date;
  parsed.zone_minutes = zone_minutes;
  const auto added = co_await parts_.client.append(user, std::move(parsed), *spool);
  if (!added) co_return tl::unexpected(added.error());
  co_return ports::AppendOutcome{added->uid_validity(), added->uid()};
}

}  // namespace gridmail
