// Storing a message: its chunks first, where it is long; then everything that makes it visible in one
// operation.
#include "storage/mailbox/mailbox_name.hpp"
#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {
namespace {

std::uint32_t chunks_of(std::uint64_t body_size) {
  return static_cast<std::uint32_t>((body_size + chunk_bytes - 1) / chunk_bytes);
}

/// All chunks full but the last, and together as long as the body.
bool are_whole(const mailbox::Add& request) {
  std::uint64_t sum = 0;
  for (int i = 0; i < request.chunks_size(); ++i) {
    const auto size = request.chunks(i).size();
    const bool last = i + 1 == request.chunks_size();
    if (last ? size == 0 || size > chunk_bytes : size != chunk_bytes) return false;
    sum += size;
  }
  return sum == request.body_size();
}

Result<EmailId> check(const mailbox::Add& request) {
  const auto email = EmailId::from_bytes(request.email());
  if (!email) return fail(Errc::invalid, "e-mail id");
  if (request.structure().size() + request.prefix().size() > message_record_bytes_max) {
    return fail(Errc::too_large, "structure of the message");
  }
  if (chunks_of(request.body_size()) > chunks_max) return fail(Errc::too_large, "message");
  if (request.chunks_size() > 0 && !are_whole(request)) return fail(Errc::invalid, "chunks of the message");
  return *email;
}

/// Delivery falls back to INBOX, which always exists; APPEND has its client create the mailbox (RFC
/// 3501, 6.3.11).
Task<Result<MailboxChange*>> target_of(UserChange& change, const mailbox::Add& request) {
  const auto name = request.name().empty() ? std::string(inbox) : request.name();
  auto found = co_await change.mailbox_named(name);
  const bool missing =
      !found && (found.error().code == Errc::not_found || found.error().code == Errc::invalid);
  if (!missing) co_return found;
  if (request.by() == mailbox::Add::APPEND) co_return fail(Errc::not_found, "TRYCREATE");
  co_return co_await change.mailbox_named(std::string(inbox));
}

/// The body's chunks, and the record that counts uses: inline ones are written, staged ones must all be
/// there.
Task<Result<void>> store_body(UserChange& change, EmailId email, const mailbox::Add& request) {
  const auto& keys = change.keys();
  const auto known = co_await change.draft().read<mailbox::EmailRecord>(keys.email(email));
  if (!known) co_return tl::unexpected(known.error());
  if (*known && (*known)->uses() != 0) co_return fail(Errc::already_exists, "e-mail");
  mailbox::EmailRecord record;
  record.set_uses(1);
  record.set_chunks(chunks_of(request.body_size()));
  if (request.chunks_size() == 0 && record.chunks() > 0) {
    if (!*known || (*known)->chunks() != record.chunks())
      co_return fail(Errc::conflict, "staged chunks are gone");
  }
  for (int i = 0; i < request.chunks_size(); ++i) {
    auto key = keys.chunk(email, static_cast<std::uint32_t>(i));
    if (*known) {
      change.draft().put(Family::body, std::move(key), request.chunks(i));
    } else {
      change.draft().put_fresh(Family::body, std::move(key), request.chunks(i));
    }
  }
  change.draft().put(Family::meta, keys.email(email), record.SerializeAsString());
  mailbox::MessageRecord message;
  message.set_structure(request.structure());
  message.set_prefix(request.prefix());
  message.set_body_size(request.body_size());
  change.draft().put_fresh(Family::meta, keys.message(email), message.SerializeAsString());
  co_return Result<void>{};
}

}  // namespace

// Chunks come in order, so that a count says which are there. A date beside them lets the sweep find what was
// never added.
ChangeAnswer stage_chunk(UserChange& change, const mailbox::StageChunk& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto email = EmailId::from_bytes(request.email());
  if (!email || request.content().empty()) co_return fail(Errc::invalid, "chunk");
  if (request.content().size() > chunk_bytes || request.index() >= chunks_max) {
    co_return fail(Errc::too_large, "chunk");
  }
  const auto& keys = change.keys();
  auto known = co_await change.draft().read<mailbox::EmailRecord>(keys.email(*email));
  if (!known) co_return tl::unexpected(known.error());
  auto record = *known ? std::move(**known) : mailbox::EmailRecord();
  if (record.uses() > 0 || request.index() < record.chunks()) co_return done();  // a repetition
  if (request.index() > record.chunks()) co_return fail(Errc::conflict, "staged chunks are gone");
  record.set_chunks(request.index() + 1);
  change.draft().put_fresh(Family::body, keys.chunk(*email, request.index()), request.content());
  change.draft().put(Family::meta, keys.email(*email), record.SerializeAsString());
  if (request.index() == 0) change.draft().put(Family::meta, keys.unused_email(change.age(), *email), {});
  co_return done();
}

ChangeAnswer add_message(UserChange& change, const mailbox::Add& request) {
  if (const auto user = co_await change.user(); !user) co_return tl::unexpected(user.error());
  const auto email = check(request);
  if (!email) co_return tl::unexpected(email.error());
  const auto target = co_await target_of(change, request);
  if (!target) co_return tl::unexpected(target.error());
  MailboxChange& mailbox = **target;
  const auto keywords = co_await mailbox.keywords();
  if (!keywords) co_return tl::unexpected(keywords.error());
  const auto indices = (*keywords)->indices(request.flags());
  if (!indices) co_return tl::unexpected(indices.error());
  if (const auto stored = co_await store_body(change, *email, request); !stored) {
    co_return tl::unexpected(stored.error());
  }
  const auto uid = mailbox.draw_uids();
  if (!uid) co_return tl::unexpected(uid.error());
  mailbox::EntryRecord entry;
  entry.set_flags(request.flags().system());
  for (const auto index : *indices) entry.add_keywords(index);
  entry.set_internal_date(request.internal_date() != 0 ? request.internal_date() : change.wall());
  entry.set_zone_minutes(request.zone_minutes());
  entry.set_size(request.prefix().size() + request.body_size());
  entry.set_email(request.email());
  if (const auto put = co_await mailbox.insert(*uid, std::move(entry)); !put)
    co_return tl::unexpected(put.error());

  mailbox::Answer answer;
  auto& added = *answer.mutable_added();
  added.set_mailbox(mailbox.id());
  added.set_uid_validity(mailbox.record().uid_validity());
  added.set_uid(*uid);
  co_return answer;
}

}  // namespace gridmail
