// ChangeListener: wakes sessions that wait for a mailbox to change: on a push from its primary, and when the
// map gives the mailbox's slot a new epoch, since its new primary does not know who listens.
#pragma once
#include <asio/any_io_executor.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "gossip/register/map.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {

/// One per node. Thread-safe; must outlive its registrations.
class ChangeListener {
 public:
  /// What a front listens for; ends with the registration.
  class Registration;

  /// `event` is set when the mailbox's MODSEQ passes `since`, or may have.
  [[nodiscard]] std::unique_ptr<Registration> listen(SlotId slot, UserId user, MailboxId mailbox,
                                                     ModSeq since, std::shared_ptr<Event> event);
  /// A message of kind `push` (mailbox.proto, Push); what cannot be read is dropped.
  void on_push(NodeId from, Bytes payload);
  /// Each new map.
  void on_map(MapPtr map);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Key {
    UserId user;
    MailboxId mailbox;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<UserId>()(key.user) ^ (key.mailbox * 0x9e3779b9U);
    }
  };
  [[nodiscard]] Epoch epoch_of(SlotId slot) const;
  void remove(Registration& registration);

  mutable std::mutex mutex_;
  MapPtr map_;
  std::unordered_multimap<Key, Registration*, KeyHash> registrations_;
};

class ChangeListener::Registration {
 public:
  Registration(ChangeListener& listener, Key key, SlotId slot, Epoch epoch, ModSeq since,
               std::shared_ptr<Event> event)
      : listener_(listener), key_(key), slot_(slot), epoch_(epoch), since_(since), event_(std::move(event)) {}
  ~Registration() { listener_.remove(*this); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  friend class ChangeListener;
  ChangeListener& listener_;
  const Key key_;
  const SlotId slot_;
  Epoch epoch_;
  const ModSeq since_;
  const std::shared_ptr<Event> event_;
};

}  // namespace gridmail
