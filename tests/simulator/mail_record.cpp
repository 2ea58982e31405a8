#include "tests/simulator/mail_record.hpp"

#include <algorithm>

#include "tests/simulator/checkers.hpp"

namespace gridmail::sim {
namespace {

std::string name_of(const MailboxOf& mailbox) {
  return "user " + std::to_string(mailbox.user) + " " + mailbox.name;
}
std::string name_of(const MailboxOf& mailbox, Uid uid) {
  return name_of(mailbox) + " UID " + std::to_string(uid);
}
std::string message_id(MessageNumber message) {
  return "Message-ID: <m" + std::to_string(message) + "@sim>\r\n";
}

/// What stands between the first of these and the next of those; empty when there is none.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto at = text.find(begin);
  if (at == std::string::npos) return {};
  const auto stop = text.find(end, at + begin.size());
  return stop == std::string::npos ? std::string() : text.substr(at + begin.size(), stop - at - begin.size());
}

}  // namespace

MessageNumber MailRecord::begin_message(std::string text_without_id) {
  messages_.push_back({message_id(messages_.size()) + std::move(text_without_id), {}, {}, false, {}});
  return messages_.size() - 1;
}

void MailRecord::accepted(MessageNumber message, std::optional<UserNumber> user) {
  auto& sent = messages_[message];
  for (const auto recipient : sent.recipients) {
    if (user && *user != recipient) continue;
    sent.accepted.insert(recipient);
    Subject about;
    about.user = recipient;
    on_note_(about,
             "message " + std::to_string(message) + " is accepted for user " + std::to_string(recipient));
  }
}

void MailRecord::deferred(MessageNumber message, int answer) {
  if (acceptance_demanded_)
    broken("message " + std::to_string(message) + " was deferred with " + std::to_string(answer) +
           " while two nodes could talk");
}

std::string MailRecord::text_of(MessageNumber message) const {
  return messages_[message].text;
}

void MailRecord::viewed(const MailboxOf& mailbox, const KnownMailbox& before, const std::vector<Uid>& uids) {
  const auto validity = mailboxes_[mailbox].validity;
  const Uid next = uids.empty() ? before.next : std::max(before.next, uids.back() + 1);
  viewed(mailbox, before, validity, next, {uids.begin(), uids.end()});
}

std::optional<MessageNumber> MailRecord::known_message_at(const MailboxOf& mailbox, Uid uid) const {
  const auto here = mailboxes_.find(mailbox);
  if (here == mailboxes_.end()) return std::nullopt;
  const auto found = here->second.messages.find(uid);
  if (found == here->second.messages.end()) return std::nullopt;
  return found->second;
}

void MailRecord::viewed(const MailboxOf& mailbox, const KnownMailbox& before, UidValidity validity, Uid next,
                        const std::set<Uid>& uids) {
  auto& here = mailboxes_[mailbox];
  if (here.validity == 0) here.validity = validity;
  if (here.validity != validity) broken(name_of(mailbox) + ": UIDVALIDITY changed", mailbox.user);
  if (next < before.next)
    broken(name_of(mailbox) + ": UIDNEXT fell to " + std::to_string(next), mailbox.user);
  for (const Uid uid : uids) {
    if (uid < before.next && !before.present.contains(uid))
      broken(name_of(mailbox, uid) + " came late or came back", mailbox.user);
  }
  for (const Uid uid : before.present) {
    if (uids.contains(uid) || here.removable.contains(uid)) continue;
    broken(name_of(mailbox, uid) + " vanished", mailbox.user);
  }
  auto& known = here.known;
  std::erase_if(known.present, [&](Uid uid) { return uid < next && !uids.contains(uid); });
  for (const Uid uid : uids) {
    if (uid >= known.next && uid < next) known.present.insert(uid);
  }
  known.next = std::max(known.next, next);
}

/// Messages are numbered in their Message-ID; what the grid itself sends is numbered as it is first seen.
MessageNumber MailRecord::number_of(const MailboxOf& mailbox, const std::string& text, bool whole) {
  const auto id = between(text, "Message-ID: <", ">");
  if (id.empty()) return messages_.size();
  if (id.ends_with("@sim")) return std::stoull(id.substr(1));
  const auto [known, fresh] = reports_.emplace(id, messages_.size());
  if (fresh) {
    messages_.push_back({{}, {mailbox.user}, {}, false, {}});
    unread_reports_.insert(known->second);
  }
  if (whole) read_report(mailbox, known->second, text);
  return known->second;
}

void MailRecord::read_report(const MailboxOf& mailbox, MessageNumber report, const std::string& text) {
  unread_reports_.erase(report);
  const auto about = between(text, "Message-ID: <m", "@sim>");
  const auto action = between(text, "Action: ", "\r\n");
  if (about.empty() || std::stoull(about) >= messages_.size())
    return broken("user " + std::to_string(mailbox.user) + " is told of a message that nobody sent");
  const MessageNumber message = std::stoull(about);
  const auto what =
      "of message " + about + " user " + std::to_string(mailbox.user) + " is told that it " + action;
  if (messages_[message].sender != mailbox.user) broken(what + ", and did not send it", mailbox.user);
  auto& all = told_[{message, action}];
  all.insert(report);
  if (all.size() > 1) broken(what + " " + std::to_string(all.size()) + " times", mailbox.user);
}

void MailRecord::told(const std::vector<MessageNumber>& missing, const std::vector<MessageNumber>& come) {
  for (const auto message : missing) {
    const auto sender = messages_[message].sender;
    if (!sender || told_.contains({message, "failed"})) continue;
    const bool may_have_gone = std::any_of(unread_reports_.begin(), unread_reports_.end(), [&](auto report) {
      return discardable_.contains({*sender, report});
    });
    if (!may_have_gone)
      broken("message " + std::to_string(message) + " never came, and its sender was not told", sender);
  }
  for (const auto message : come) {
    if (told_.contains({message, "failed"}))
      broken("message " + std::to_string(message) + " came, and its sender was told that it did not",
             messages_[message].sender);
  }
}

void MailRecord::shown(const MailboxOf& mailbox, Uid uid, const std::string& text, bool whole) {
  ++shown_;
  const auto message = number_of(mailbox, text, whole);
  if (message >= messages_.size()) {
    broken(name_of(mailbox, uid) + " is a message that nobody sent", mailbox.user);
    return;
  }
  if (whole && !text.ends_with(messages_[message].text))
    broken(name_of(mailbox, uid) + ": the bytes are not those sent", mailbox.user);
  placed(mailbox, uid, message);
}

void MailRecord::placed(const MailboxOf& mailbox, Uid uid, MessageNumber message) {
  const auto [known, fresh] = mailboxes_[mailbox].messages.emplace(uid, message);
  if (!fresh && known->second != message) {
    broken(name_of(mailbox, uid) + " was message " + std::to_string(known->second) + " and is now " +
               std::to_string(message),
           mailbox.user);
  }
  const auto& sent = messages_[message];
  const std::string what = name_of(mailbox, uid) + ", message " + std::to_string(message);
  if (sent.refused) broken(what + ", was refused for good", mailbox.user);
  if (!sent.recipients.contains(mailbox.user)) broken(what + ", was not sent to this user", mailbox.user);
  auto& places = mailboxes_[mailbox].places[message];
  places.insert(uid);
  const std::size_t places_max = mailbox.name == "INBOX" ? 1 : copies_[{mailbox.user, message}].asked;
  if (places.size() > places_max)
    broken(what + ", is there " + std::to_string(places.size()) + " times", mailbox.user);
}

void MailRecord::expunged(const MailboxOf& mailbox, Uid uid) {
  auto& here = mailboxes_[mailbox];
  if (!here.removable.contains(uid))
    broken(name_of(mailbox, uid) + " was expunged, which nobody asked for", mailbox.user);
  if (uid < here.known.next) here.known.present.erase(uid);
}

void MailRecord::settled(UserNumber user, const std::vector<MessageNumber>& inbox,
                         const std::vector<MessageNumber>& copies) {
  for (MessageNumber message = 0; message < messages_.size(); ++message) {
    const auto& sent = messages_[message];
    if (!sent.recipients.contains(user)) continue;
    const std::string what = "user " + std::to_string(user) + " message " + std::to_string(message);
    const auto here = static_cast<std::size_t>(std::count(inbox.begin(), inbox.end(), message));
    const auto copied = static_cast<std::size_t>(std::count(copies.begin(), copies.end(), message));
    const auto expected = copies_[{user, message}];
    if (copied < expected.confirmed) broken(what + ": a confirmed copy is lost", user);
    const bool may_be_gone = !sent.accepted.contains(user) || discardable_.contains({user, message});
    if (here == 0 && copied == 0 && !may_be_gone) broken(what + " was accepted and is lost", user);
    if (here == 0 && expected.asked == 0 && !may_be_gone)
      broken(what + " was accepted and is not in INBOX", user);
  }
}

void MailRecord::check() const {
  if (!violation_.empty()) throw Violation(violation_, about_);
}

std::size_t MailRecord::accepted_count() const {
  return static_cast<std::size_t>(std::count_if(
      messages_.begin(), messages_.end(), [](const Message& message) { return !message.accepted.empty(); }));
}

}  // namespace gridmail::sim
