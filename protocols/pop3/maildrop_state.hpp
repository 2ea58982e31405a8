// The maildrop as one session sees it: as it was at log-in, with this session's deletion marks (RFC 1939,
// section 4).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "protocols/ports/mailboxes.hpp"

namespace gridmail::pop3 {

/// Message numbers count from 1 and never change. Kept small: a maildrop may hold 100,000 messages.
class MaildropState {
 public:
  struct Message {
    EmailId email;
    Uid uid = 0;
    bool deleted = false;
    std::uint64_t size = 0;
  };

  MaildropState() = default;
  MaildropState(MailboxId mailbox, UidValidity uid_validity)
      : mailbox_(mailbox), uid_validity_(uid_validity) {}

  /// In the order of the UIDs.
  void add(const ports::Entry& entry);
  /// Nothing when the number is not that of a message, or the message is marked as deleted.
  [[nodiscard]] const Message* find(std::uint32_t number) const;
  /// False when find() would give nothing.
  bool mark_deleted(std::uint32_t number);
  void unmark_all();

  /// Of the messages not marked.
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// All messages, marked ones too, by number - 1.
  [[nodiscard]] const std::vector<Message>& messages() const { return messages_; }
  [[nodiscard]] ports::UidSet deleted_uids() const;
  [[nodiscard]] MailboxId mailbox() const { return mailbox_; }
  /// Unique-id: UIDVALIDITY and UID in hex, so it never names another message (RFC 1939, section 7).
  [[nodiscard]] std::string unique_id(const Message& message) const;

 private:
  MailboxId mailbox_ = 0;
  UidValidity uid_validity_ = 0;
  std::vector<Message> messages_;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace gridmail::pop3
