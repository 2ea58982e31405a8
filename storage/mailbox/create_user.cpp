#include "storage/mailbox/mailbox_name.hpp"
#include "storage/mailbox/mailbox_requests.hpp"

namespace gridmail {
namespace {

struct FirstMailbox {
  std::string_view name;
  mailbox::SpecialUse use;
};
constexpr FirstMailbox first_mailboxes[] = {
    {inbox, mailbox::NONE},        {"Drafts", mailbox::DRAFTS}, {"Sent", mailbox::SENT},
    {"Archive", mailbox::ARCHIVE}, {"Junk", mailbox::JUNK},     {"Trash", mailbox::TRASH},
};

constexpr WallMicros second = 1'000'000;

}  // namespace

ChangeAnswer create_user(UserChange& change) {
  const auto present = co_await change.user();
  if (present) co_return done();
  if (present.error().code != Errc::not_found) co_return tl::unexpected(present.error());

  mailbox::UserRecord user;
  user.set_created(change.wall());
  user.set_next_mailbox(1);
  user.set_next_uid_validity(static_cast<std::uint32_t>(change.wall() / second));
  change.create_user(std::move(user));
  for (const auto& first : first_mailboxes) {
    const std::string name(first.name);
    if (const auto made = co_await create_named(change, name, first.use); !made) {
      co_return tl::unexpected(made.error());
    }
    const auto before = co_await change.name(name);
    if (!before) co_return tl::unexpected(before.error());
    auto after = *before;
    after.set_subscribed(true);
    if (const auto put = change.put_name(name, *before, after); !put) co_return tl::unexpected(put.error());
  }
  co_return done();
}

}  // namespace gridmail
