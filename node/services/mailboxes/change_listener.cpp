#include "node/services/mailboxes/change_listener.hpp"

#include "storage/mailbox/mailbox.pb.h"

namespace gridmail {

Epoch ChangeListener::epoch_of(SlotId slot) const {
  return map_ && slot < map_->rows.size() ? map_->rows[slot].epoch : 0;
}

std::unique_ptr<ChangeListener::Registration> ChangeListener::listen(SlotId slot, UserId user,
                                                                     MailboxId mailbox, ModSeq since,
                                                                     std::shared_ptr<Event> event) {
  const std::lock_guard lock(mutex_);
  const Key key{user, mailbox};
  auto registration =
      std::make_unique<Registration>(*this, key, slot, epoch_of(slot), since, std::move(event));
  registrations_.emplace(key, registration.get());
  return registration;
}

void ChangeListener::remove(Registration& registration) {
  const std::lock_guard lock(mutex_);
  auto [at, end] = registrations_.equal_range(registration.key_);
  for (; at != end; ++at) {
    if (at->second != &registration) continue;
    registrations_.erase(at);
    return;
  }
}

void ChangeListener::on_push(NodeId, Bytes payload) {
  mailbox::Push push;
  if (!push.ParseFromString(payload)) return;
  const auto user = UserId::from_bytes(push.user());
  if (!user) return;
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = registrations_.equal_range(Key{*user, push.mailbox()});
  for (auto at = begin; at != end; ++at) {
    if (push.highest_modseq() > at->second->since_) at->second->event_->set();
  }
}

void ChangeListener::on_map(MapPtr map) {
  const std::lock_guard lock(mutex_);
  map_ = std::move(map);
  for (const auto& [key, registration] : registrations_) {
    const auto epoch = epoch_of(registration->slot_);
    if (std::exchange(registration->epoch_, epoch) != epoch) registration->event_->set();
  }
}

std::size_t ChangeListener::size() const {
  const std::lock_guard lock(mutex_);
  return registrations_.size();
}

}  // namespace gridmail
