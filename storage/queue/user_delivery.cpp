#include "storage/queue/user_delivery.hpp"

#include "node/base/log.hpp"

namespace gridmail {

SlotClient::Options patient_delivery() {
  SlotClient::Options options;
  options.wait_max = std::chrono::seconds(10);
  options.only_if_alive = true;
  return options;
}

Task<Result<void>> UserDelivery::deliver(const queue::Message& message, const queue::Recipient& recipient,
                                         const MessageBody& body, SlotClient::Options options) {
  const auto user = UserId::from_bytes(recipient.user());
  const auto guid = Guid::from_bytes(recipient.guid());
  if (!user || !guid) co_return fail(Errc::corrupted, "a recipient without user or GUID");
  const auto target = co_await owner(*user, recipient.address());
  if (!target) co_return tl::unexpected(target.error());
  auto delivered = co_await deliver_to(*target, *guid, message, body, options);
  if (delivered) {
    if (log_enabled(Level::info))
      log(Level::info, "mail.delivered",
          {{"id", message.trace()}, {"to", recipient.address()}, {"guid", guid->hex()}});
    trace::Event event;
    event.set_what(trace::Event::DELIVERED);
    event.set_id(message.trace());
    event.set_message_id(message.message_id());
    event.set_sender(message.sender());
    event.add_recipients(recipient.address());
    trace_.note(std::move(event));
  }
  co_return delivered;
}

Task<Result<UserId>> UserDelivery::owner(UserId user, const std::string& address) {
  const auto found = co_await directory_.user(user);
  if (found) co_return user;
  if (found.error().code != Errc::not_found) co_return tl::unexpected(found.error());
  const auto postmaster = co_await directory_.postmaster();
  if (!postmaster) co_return tl::unexpected(Error{Errc::unavailable, postmaster.error().text});
  const auto id = UserId::from_bytes(postmaster->id());
  if (!id) co_return fail(Errc::corrupted, "the postmaster has no id");
  log(Level::info, "delivery.to_postmaster", {{"user", user.hex()}, {"address", address}});
  co_return *id;
}

Task<Result<void>> UserDelivery::deliver_to(UserId user, Guid guid, const queue::Message& message,
                                            const MessageBody& body, SlotClient::Options options) {
  NewMessage stored;
  stored.prefix = message.prefix();
  stored.structure = message.structure();
  stored.internal_date = message.accepted();
  const auto added = co_await mailboxes_.deliver(user, guid, stored, body, options);
  if (added) co_return Result<void>{};
  if (added.error().code != Errc::not_found) co_return tl::unexpected(added.error());
  if (auto created = co_await mailboxes_.create_user(user, options); !created) co_return created;
  const auto again = co_await mailboxes_.deliver(user, guid, std::move(stored), body, options);
  if (!again) co_return tl::unexpected(again.error());
  co_return Result<void>{};
}

}  // namespace gridmail
