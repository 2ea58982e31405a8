// MailRecord: everything that mail clients were told, and what must follow from it (design, section 2). It
// keeps the first broken promise; check() throws it.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/base/ids.hpp"
#include "tests/simulator/history.hpp"

namespace gridmail::sim {

using UserNumber = std::size_t;
using MessageNumber = std::size_t;

/// One mailbox of one user.
struct MailboxOf {
  UserNumber user = 0;
  std::string name;
  auto operator<=>(const MailboxOf&) const = default;
};

/// What answers so far say of a mailbox: below `next` exactly the messages in `present` can be there.
struct KnownMailbox {
  Uid next = 1;
  std::set<Uid> present;
};

class MailRecord {
 public:
  /// What the history of a run that is recorded should say.
  using OnNote = std::function<void(Subject, const std::string&)>;
  void on_note(OnNote on_note) { on_note_ = std::move(on_note); }

  // Sending.
  [[nodiscard]] MessageNumber begin_message(std::string text_without_id);
  [[nodiscard]] std::string text_of(MessageNumber message) const;  ///< as sent, with its Message-ID
  void sent_to(MessageNumber message, UserNumber user) { messages_[message].recipients.insert(user); }
  /// For one recipient, or for all of them.
  void accepted(MessageNumber message, std::optional<UserNumber> user = {});
  /// It must not arrive anywhere: refused for good, or broken off.
  void refused(MessageNumber message) { messages_[message].refused = true; }

  /// For somebody elsewhere.
  void sent_out(MessageNumber message, UserNumber sender) { messages_[message].sender = sender; }

  /// From now on every proper message must be accepted at once, or no longer (design, section 2, promise 2).
  void demand_acceptance(bool demanded) { acceptance_demanded_ = demanded; }
  void deferred(MessageNumber message, int answer);

  // Reading.
  /// To be taken before the command goes out whose answer becomes a view.
  [[nodiscard]] KnownMailbox known(const MailboxOf& mailbox) { return mailboxes_[mailbox].known; }
  /// SELECT gave this UIDVALIDITY and UIDNEXT; FETCH then gave these UIDs, of which those below `next` count.
  void viewed(const MailboxOf& mailbox, const KnownMailbox& before, UidValidity validity, Uid next,
              const std::set<Uid>& uids);
  /// As told by POP3, which knows no UIDNEXT: what comes later has a higher UID than all of these.
  void viewed(const MailboxOf& mailbox, const KnownMailbox& before, const std::vector<Uid>& uids);
  /// `text` holds the message's header at least.
  void shown(const MailboxOf& mailbox, Uid uid, const std::string& text, bool whole);
  void placed(const MailboxOf& mailbox, Uid uid, MessageNumber message);
  [[nodiscard]] MessageNumber message_at(const MailboxOf& mailbox, Uid uid) {
    return mailboxes_[mailbox].messages[uid];
  }
  /// Nothing before it was ever shown.
  [[nodiscard]] std::optional<MessageNumber> known_message_at(const MailboxOf& mailbox, Uid uid) const;
  void expunged(const MailboxOf& mailbox, Uid uid);

  // Changing: what may happen from now on, then what was confirmed.
  void may_remove(const MailboxOf& mailbox, Uid uid) { mailboxes_[mailbox].removable.insert(uid); }
  void may_discard(UserNumber user, MessageNumber message) { discardable_.insert({user, message}); }
  void may_copy(UserNumber user, MessageNumber message) { ++copies_[{user, message}].asked; }
  void copied(UserNumber user, MessageNumber message) { ++copies_[{user, message}].confirmed; }
  void flagged(const MailboxOf& mailbox, Uid uid) { mailboxes_[mailbox].flagged.insert(uid); }
  /// What answers to later commands must show as flagged.
  [[nodiscard]] std::set<Uid> flagged_in(const MailboxOf& mailbox) { return mailboxes_[mailbox].flagged; }

  /// With everything healed and at rest, the user's INBOX and copies hold these messages.
  void settled(UserNumber user, const std::vector<MessageNumber>& inbox,
               const std::vector<MessageNumber>& copies);

  /// With everything at rest: of these their senders know that they did not come, as far as they kept what
  /// they were told; of those nobody says so.
  void told(const std::vector<MessageNumber>& missing, const std::vector<MessageNumber>& come);

  void broken(const std::string& what, std::optional<UserNumber> user = {}) {
    if (!violation_.empty()) return;
    violation_ = what;
    about_.user = user;
  }
  void check() const;
  [[nodiscard]] std::size_t accepted_count() const;
  [[nodiscard]] std::size_t shown_count() const { return shown_; }

 private:
  struct Message {
    std::string text;
    std::set<UserNumber> recipients;
    std::set<UserNumber> accepted;  ///< for these recipients
    bool refused = false;
    std::optional<UserNumber> sender;  ///< of what went elsewhere
  };
  struct Mailbox {
    UidValidity validity = 0;
    KnownMailbox known;
    std::map<Uid, MessageNumber> messages;  ///< ever shown
    std::map<MessageNumber, std::set<Uid>> places;
    std::set<Uid> removable;
    std::set<Uid> flagged;
  };
  struct Copies {
    std::size_t asked = 0;
    std::size_t confirmed = 0;
  };

  [[nodiscard]] MessageNumber number_of(const MailboxOf& mailbox, const std::string& text, bool whole);
  void read_report(const MailboxOf& mailbox, MessageNumber report, const std::string& text);

  std::vector<Message> messages_;
  std::map<std::string, MessageNumber> reports_;  ///< of what became of messages, by their Message-ID
  std::set<MessageNumber> unread_reports_;        ///< of which nobody has seen more than the header
  /// By message and what was done with it ("failed", "delayed").
  std::map<std::pair<MessageNumber, std::string>, std::set<MessageNumber>> told_;
  std::map<MailboxOf, Mailbox> mailboxes_;
  std::map<std::pair<UserNumber, MessageNumber>, Copies> copies_;  ///< by COPY and MOVE
  std::set<std::pair<UserNumber, MessageNumber>> discardable_;     ///< an EXPUNGE of it was asked for
  bool acceptance_demanded_ = false;
  OnNote on_note_;
  std::string violation_;
  Subject about_;
  std::size_t shown_ = 0;
};

inline const std::string copies_mailbox = "Archive";

}  // namespace gridmail::sim
