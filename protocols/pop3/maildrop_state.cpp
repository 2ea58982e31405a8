#include "protocols/pop3/maildrop_state.hpp"

#include <fmt/format.h>

namespace gridmail::pop3 {

void MaildropState::add(const ports::Entry& entry) {
  messages_.push_back({entry.email, entry.uid, false, entry.size});
  ++count_;
  bytes_ += entry.size;
}

const MaildropState::Message* MaildropState::find(std::uint32_t number) const {
  if (number == 0 || number > messages_.size()) return nullptr;
  const Message& message = messages_[number - 1];
  return message.deleted ? nullptr : &message;
}

bool MaildropState::mark_deleted(std::uint32_t number) {
  if (find(number) == nullptr) return false;
  Message& message = messages_[number - 1];
  message.deleted = true;
  --count_;
  bytes_ -= message.size;
  return true;
}

void MaildropState::unmark_all() {
  for (Message& message : messages_) {
    if (!message.deleted) continue;
    message.deleted = false;
    ++count_;
    bytes_ += message.size;
  }
}

ports::UidSet MaildropState::deleted_uids() const {
  ports::UidSet uids;
  for (const Message& message : messages_) {
    if (message.deleted) uids.add(message.uid);
  }
  return uids;
}

std::string MaildropState::unique_id(const Message& message) const {
  return fmt::format("{:08x}{:08x}", uid_validity_, message.uid);
}

}  // namespace gridmail::pop3
