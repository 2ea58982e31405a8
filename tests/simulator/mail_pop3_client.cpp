#include "tests/simulator/mail_pop3_client.hpp"

#include "tests/simulator/mail_smtp_client.hpp"

namespace gridmail::sim {

/// Whether it was answered with +OK. Otherwise only for a while (RFC 3206, section 4).
Task<bool> Pop3Client::command(std::string line) {
  const bool is_login = line.starts_with("PASS");
  co_await conversation_.send(line + "\r\n");
  const std::string answer = co_await conversation_.line();
  const bool ok = answer.starts_with("+OK");
  if (!ok && !answer.starts_with("-ERR [SYS/TEMP]"))
    record_.broken((is_login ? "PASS" : line) + " was answered with " + answer, user_);
  co_return ok;
}

Task<bool> Pop3Client::log_in() {
  const std::string greeting = co_await conversation_.line();
  if (!greeting.starts_with("+OK")) record_.broken("POP3 greets with " + greeting, user_);
  const bool named = co_await command("USER " + address_of(user_));
  if (!named) co_return false;
  const auto before = record_.known({user_, "INBOX"});
  const bool known = co_await command("PASS secret");
  if (!known) co_return false;
  const bool listed = co_await list_uids();
  if (listed) record_.viewed({user_, "INBOX"}, before, uids_);
  co_return listed;
}

/// "2 6553f10000000007": UIDVALIDITY and UID in hex.
Task<bool> Pop3Client::list_uids() {
  const bool listed = co_await command("UIDL");
  if (!listed) co_return false;
  for (;;) {
    const std::string line = co_await conversation_.line();
    if (line == ".\r\n") co_return true;
    const auto id = line.substr(line.find(' ') + 1);
    if (id.size() < 18) record_.broken("UIDL gives " + line, user_);
    uids_.push_back(static_cast<Uid>(std::stoul(id.substr(8, 8), nullptr, 16)));
  }
}

Task<bool> Pop3Client::retrieve(std::size_t index) {
  const bool found = co_await command("RETR " + std::to_string(index + 1));
  if (!found) co_return false;
  std::string text;
  for (;;) {
    std::string line = co_await conversation_.line();
    if (line == ".\r\n") break;
    if (line.starts_with(".")) line.erase(0, 1);
    text += line;
  }
  record_.shown({user_, "INBOX"}, uids_[index], text, true);
  co_return true;
}

Task<bool> Pop3Client::mark_deleted(std::size_t index) {
  const MailboxOf inbox{user_, "INBOX"};
  record_.may_remove(inbox, uids_[index]);
  if (const auto message = record_.known_message_at(inbox, uids_[index])) {
    record_.may_discard(user_, *message);
  } else {
    co_return true;  // not looked at yet, so it cannot be told later what was deleted
  }
  co_return co_await command("DELE " + std::to_string(index + 1));
}

Task<void> Pop3Client::quit() {
  const bool deleted = co_await command("QUIT");
  (void)deleted;  // not so: nothing was, and what may be gone is still there
}

}  // namespace gridmail::sim
