#include "tests/simulator/mail_smtp_client.hpp"

#include "tests/simulator/mail_life.hpp"

namespace gridmail::sim {

std::string address_of(UserNumber user) {
  return "user" + std::to_string(user) + "@" + std::string(mail_domain);
}

Task<int> SmtpClient::reply() {
  std::string line;
  do {
    line = co_await conversation_.line();
  } while (line.size() > 3 && line[3] == '-');
  co_return std::stoi(line.substr(0, 3));
}

Task<int> SmtpClient::command(std::string line) {
  co_await conversation_.send(std::move(line) + "\r\n");
  co_return co_await reply();
}

Task<void> SmtpClient::send(std::string text, std::vector<UserNumber> recipients, Manner manner) {
  const int greeting = co_await reply();
  const int hello = co_await command("EHLO client.elsewhere.test");
  const int sender = co_await command("MAIL FROM:<somebody@elsewhere.test>");
  if (greeting != 220 || hello != 250 || sender != 250) record_.broken("an SMTP session does not begin");
  const int nobody = co_await command("RCPT TO:<nobody@" + std::string(mail_domain) + ">");
  if (nobody != 550 && nobody / 100 != 4)
    record_.broken("a user who does not exist: " + std::to_string(nobody));
  const auto message = record_.begin_message(std::move(text));
  const std::size_t named = co_await name_recipients(message, std::move(recipients));
  if (named > 0) co_await transfer(message, manner);
  if (manner == Manner::vanishes) co_return;
  const int goodbye = co_await command("QUIT");
  if (goodbye != 221) record_.broken("QUIT was answered with " + std::to_string(goodbye));
}

/// Pipelined (RFC 2920). How many were taken.
Task<std::size_t> SmtpClient::name_recipients(MessageNumber message, std::vector<UserNumber> recipients) {
  std::string commands;
  for (const auto user : recipients) commands += "RCPT TO:<" + address_of(user) + ">\r\n";
  co_await conversation_.send(std::move(commands));
  std::size_t named = 0;
  for (const auto user : recipients) {
    const int answer = co_await reply();
    if (answer == 250) {
      record_.sent_to(message, user);
      ++named;
    } else if (answer / 100 != 4) {
      record_.broken("a user who exists was refused with " + std::to_string(answer));
    }
  }
  co_return named;
}

Task<void> SmtpClient::transfer(MessageNumber message, Manner manner) {
  const int ready = co_await command("DATA");
  if (ready != 354) record_.broken("DATA was answered with " + std::to_string(ready));
  std::string text = record_.text_of(message);
  if (manner != Manner::proper) record_.refused(message);
  if (manner == Manner::vanishes) {
    co_await conversation_.send(text.substr(0, text.size() / 2));
    conversation_.close();
    co_return;
  }
  if (manner == Manner::bare_lf) text += "a bare\n.\nQUIT\r\n";
  co_await conversation_.send(text + ".\r\n");
  const int answer = co_await reply();
  if (answer == 250) {
    record_.accepted(message);
    if (manner == Manner::bare_lf) record_.broken("a bare LF was accepted");
  } else if (answer / 100 == 5) {
    record_.refused(message);
    if (manner == Manner::proper)
      record_.broken("a proper message was refused with " + std::to_string(answer));
  }
}

}  // namespace gridmail::sim
