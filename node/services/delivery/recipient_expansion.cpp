// The part of GridDelivery that says who gets a message: lists and forwarding (RFC 5321, section 3.9).
#include <algorithm>

#include "node/services/delivery/delivery_transaction.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

constexpr std::size_t header_bytes_looked_at = 256 * 1024;

/// The members of a list are told of no success (RFC 3461, section 5.2.7.3): whoever asked for that alone
/// is told nothing.
std::uint32_t notify_of_members(std::uint8_t notify) {
  const auto left = notify & ~ports::Notify::success;
  return notify != 0 && left == 0 ? ports::Notify::never : static_cast<std::uint32_t>(left);
}

bool was_delivered_to(BytesView header, const std::string& address) {
  mime::FieldReader reader(header);
  while (const auto field = reader.next()) {
    if (!text::equal_ignoring_case(field->name, "Delivered-To")) continue;
    if (text::canonical_address(mime::unfold(field->value)) == address) return true;
  }
  return false;
}

/// RFC 3463, section 3.5: routing loop detected.
queue::Recipient looping_recipient(const ports::Recipient& named) {
  queue::Recipient recipient;
  recipient.set_address(named.as_given);
  recipient.set_notify(named.notify);
  recipient.set_original(named.original);
  auto& outcome = *recipient.mutable_outcome();
  outcome.set_kind(queue::Outcome::FAILED);
  outcome.set_status("5.4.6");
  outcome.set_reply("mail loop: this address has had the message already");
  return recipient;
}

std::string domain_of(const std::string& address) {
  const auto at = address.rfind('@');
  if (at == std::string::npos) return {};
  return text::to_ascii_domain(std::string_view(address).substr(at + 1)).value_or("");
}

}  // namespace

/// One who has had it gets nothing; the message is refused when that is so of all.
Task<Result<void>> GridDelivery::add_recipients(TransactionPtr transaction, const ports::Incoming& message) {
  for (std::size_t place = 0; place < message.recipients.size(); ++place) {
    const auto& recipient = message.recipients[place];
    if (recipient.expands && ports_.search != nullptr) {
      const auto loops = has_been_at(*transaction, recipient.address);
      if (!loops) co_return tl::unexpected(loops.error());
      if (*loops) {
        transaction->looping.emplace(place, looping_recipient(recipient));
        continue;
      }
      if (auto expanded = co_await expand(transaction, recipient); !expanded) co_return expanded;
      continue;
    }
    const bool is_new =
        transaction->taken.insert(recipient.is_elsewhere() ? recipient.address : recipient.user.bytes())
            .second;
    if (!is_new && transaction->is_expanded) continue;
    auto& record = transaction->recipients.emplace_back();
    record.set_notify(recipient.notify);
    record.set_original(recipient.original);
    // Who asks for a notification learns of no alias's user (RFC 3461, section 5.2.7).
    const bool told = (recipient.notify & ports::Notify::success) != 0;
    record.set_address(told && !recipient.is_elsewhere() ? recipient.as_given : recipient.address);
    if (recipient.is_elsewhere()) continue;
    record.set_user(recipient.user.bytes());
    record.set_guid(draw_id<Guid>(ports_.random).bytes());
  }
  if (transaction->recipients.empty() && !transaction->looping.empty())
    co_return fail(Errc::denied, "a mail loop");
  co_return Result<void>{};
}

Result<bool> GridDelivery::has_been_at(const Transaction& transaction, const std::string& address) const {
  const auto begin = transaction.body->read(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(header_bytes_looked_at, transaction.body->size())));
  if (!begin) return tl::unexpected(begin.error());
  return was_delivered_to(*begin, address);
}

/// Nobody gets a second copy because several lists name him.
Task<Result<void>> GridDelivery::expand(TransactionPtr transaction, const ports::Recipient& recipient) {
  const auto targets = co_await ports_.search->expand(recipient.address);
  if (!targets) co_return tl::unexpected(targets.error());
  transaction->is_expanded = true;
  for (const auto& target : *targets) {
    if (!transaction->taken.insert(target.id.is_nil() ? target.address : target.id.bytes()).second) continue;
    if (transaction->recipients.size() >= queue_recipients_max)
      co_return fail(Errc::too_large, "more recipients than a message may have");
    auto& record = transaction->recipients.emplace_back();
    record.set_notify(notify_of_members(recipient.notify));
    record.set_original(recipient.original);
    record.set_address(target.address);
    if (target.id.is_nil()) continue;
    record.set_user(target.id.bytes());
    record.set_guid(draw_id<Guid>(ports_.random).bytes());
  }
  co_return Result<void>{};
}

/// Of mail that leaves again: the field by which it is known when it comes back; and, when others sent it,
/// the sender under which it leaves. Where several were named, none of them is: they need not know of each
/// other.
Task<Result<Bytes>> GridDelivery::forwarded_by(TransactionPtr transaction, const ports::Incoming& message) {
  if (!transaction->leaves() || ports_.search == nullptr) co_return Bytes();
  const auto by =
      std::find_if(message.recipients.begin(), message.recipients.end(),
                   [](const auto& recipient) { return recipient.expands || recipient.is_elsewhere(); });
  if (!message.submitted) {
    auto sender = co_await ports_.search->forwarding_sender(message.sender, domain_of(by->as_given));
    if (!sender) co_return tl::unexpected(sender.error());
    if (*sender != message.sender) transaction->message.set_sender_elsewhere(*sender);
  }
  if (message.recipients.size() > 1 || !by->expands || !text::is_ascii(by->address)) co_return Bytes();
  co_return "Delivered-To: " + by->address + "\r\n";
}

}  // namespace gridmail
