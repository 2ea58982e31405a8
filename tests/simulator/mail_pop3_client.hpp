// Pop3Client: one simulated client's POP3 session. Everything it hears goes into the record.
#pragma once
#include <string>
#include <vector>

#include "tests/simulator/mail_conversation.hpp"
#include "tests/simulator/mail_record.hpp"

namespace gridmail::sim {

class Pop3Client {
 public:
  Pop3Client(Conversation& conversation, MailRecord& record, UserNumber user)
      : conversation_(conversation), record_(record), user_(user) {}

  /// From the greeting to UIDL: the maildrop is INBOX. False when the server said that it cannot for a while.
  [[nodiscard]] Task<bool> log_in();
  [[nodiscard]] std::size_t messages() const { return uids_.size(); }
  /// The n-th message, counted from 0, byte for byte. False when the connection ended instead.
  [[nodiscard]] Task<bool> retrieve(std::size_t index);
  /// Marks it; QUIT deletes it.
  [[nodiscard]] Task<bool> mark_deleted(std::size_t index);
  [[nodiscard]] Task<void> quit();

 private:
  [[nodiscard]] Task<bool> command(std::string line);
  [[nodiscard]] Task<bool> list_uids();

  Conversation& conversation_;
  MailRecord& record_;
  UserNumber user_;
  std::vector<Uid> uids_;
};

}  // namespace gridmail::sim
