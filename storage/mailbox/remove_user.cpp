#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {
namespace {

constexpr std::size_t step_pairs = 500;
constexpr std::size_t step_bytes = 400 * 1024;

/// The chunks of an e-mail are known from its record only, so they go with it.
Result<void> sweep_chunks(UserChange& change, const KeyValue& pair) {
  const auto rest = change.keys().rest(pair.key);
  mailbox::EmailRecord email;
  const auto id = EmailId::from_bytes(rest);
  if (!id || !email.ParseFromString(pair.value)) return fail(Errc::corrupted, "e-mail record");
  for (std::uint32_t i = 0; i < email.chunks(); ++i) {
    change.draft().sweep(Family::body, change.keys().chunk(*id, i));
  }
  return {};
}

}  // namespace

ChangeAnswer remove_user(UserChange& change, Progress& progress) {
  // First the user's record alone: what follows cannot be taken back, so nobody may name it any more.
  if (!progress.begun) {
    progress.begun = true;
    progress.more = true;
    change.draft().remove(Family::meta, change.keys().user());
    co_return done();
  }
  const auto pairs = co_await change.draft().scan(Family::meta, change.keys().everything(), step_pairs);
  if (!pairs) co_return tl::unexpected(pairs.error());
  const auto email_kind = change.keys().email({}).substr(0, change.keys().user().size());
  for (const auto& pair : *pairs) {
    if (change.draft().bytes() > step_bytes) break;
    if (pair.key.starts_with(email_kind)) {
      if (const auto swept = sweep_chunks(change, pair); !swept) co_return tl::unexpected(swept.error());
    }
    change.draft().sweep(Family::meta, pair.key);
  }
  progress.more = !pairs->empty();
  co_return done();
}

}  // namespace gridmail
