// ImapClient: one simulated client's IMAP session. Everything it hears goes into the record.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/simulator/mail_conversation.hpp"
#include "tests/simulator/mail_record.hpp"

namespace gridmail::sim {

class ImapClient {
 public:
  ImapClient(Conversation& conversation, Clock& clock, MailRecord& record, UserNumber user)
      : conversation_(conversation), clock_(clock), record_(record), user_(user) {}

  // Each is false when the server said NO, which it may only do for a while.
  /// From the greeting to LOGIN.
  [[nodiscard]] Task<bool> log_in();
  /// SELECT, and FETCH of all there is; `whole` compares every byte.
  [[nodiscard]] Task<bool> select(std::string mailbox, bool whole);
  /// Fetches what EXISTS has announced.
  [[nodiscard]] Task<bool> fetch_new();
  [[nodiscard]] Task<bool> noop();
  [[nodiscard]] Task<bool> idle(Duration duration);
  [[nodiscard]] Task<bool> flag(Uid uid);
  [[nodiscard]] Task<bool> copy(Uid uid);
  [[nodiscard]] Task<bool> move(Uid uid);
  [[nodiscard]] Task<bool> expunge(Uid uid);
  /// APPEND of a new message with this text to INBOX.
  [[nodiscard]] Task<bool> append(std::string text);
  [[nodiscard]] Task<void> log_out();

  /// By sequence number; 0: not fetched yet.
  [[nodiscard]] const std::vector<Uid>& uids() const { return uids_; }
  [[nodiscard]] std::size_t exists() const { return uids_.size(); }
  /// Told, from now on, how many messages there are, as soon as this client hears of it.
  void report_exists(std::size_t* count) {
    report_ = count;
    report();
  }

 private:
  struct Answer {
    bool ok = false;
    std::string text;
  };
  [[nodiscard]] Task<Answer> command(std::string text);
  [[nodiscard]] Task<Answer> answer(std::string tag);
  /// One response with its literals.
  [[nodiscard]] Task<std::string> response();
  void hear(const std::string& untagged);
  void hear_exists(std::size_t count);
  void hear_expunge(std::size_t number);
  void hear_fetch(std::size_t number, const std::string& response);
  void hear_copied(const std::string& text);
  void report() {
    if (report_ != nullptr) *report_ = uids_.size();
  }
  [[nodiscard]] Task<void> end_idle(Duration duration);
  [[nodiscard]] Task<bool> fetch(std::size_t from, bool whole);

  Conversation& conversation_;
  Clock& clock_;
  MailRecord& record_;
  UserNumber user_;
  MailboxOf mailbox_;
  std::vector<Uid> uids_;
  std::set<Uid> flagged_;  ///< confirmed before the command began
  Uid uid_next_ = 1;
  UidValidity validity_ = 0;
  std::size_t commands_ = 0;
  std::size_t* report_ = nullptr;
};

}  // namespace gridmail::sim
