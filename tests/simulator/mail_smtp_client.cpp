#include "tests/simulator/mail_smtp_client.hpp"

#include "tests/simulator/mail_life.hpp"

namespace gridmail::sim {

namespace {

/// g++ 12 cannot have such a list within a coroutine.
std::vector<std::string> envelope_of(UserNumber sender, const std::string& to) {
  return {"MAIL FROM:<" + address_of(sender) + ">", "RCPT TO:<" + to + ">", "DATA"};
}

/// Submission takes a message only from its author.
std::string written_by(UserNumber sender, std::string text) {
  const std::string author = "From: somebody@elsewhere.test";
  const auto at = text.find(author);
  if (at != std::string::npos) text.replace(at, author.size(), "From: " + address_of(sender));
  return text;
}

}  // namespace

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

Task<int> SmtpClient::command(std::string line, std::string end) {
  co_await conversation_.send(std::move(line) + end);
  co_return co_await reply();
}

/// False when the server cannot check the password for a while.
Task<bool> SmtpClient::greet(UserNumber sender) {
  const int greeting = co_await reply();
  const std::string hail = mode_ == smtp::Mode::lmtp ? "LHLO" : "EHLO";
  const int hello = co_await command(hail + " client.elsewhere.test");
  if (greeting != 220 || hello != 250) record_.broken("an SMTP session does not begin");
  if (mode_ != smtp::Mode::submission) co_return true;
  const std::string credentials = '\0' + address_of(sender) + '\0' + "secret";
  const int known = co_await command("AUTH PLAIN " + to_base64(credentials));
  if (known != 235 && known != 454) record_.broken("AUTH was answered with " + std::to_string(known), sender);
  co_return known == 235;
}

Task<void> SmtpClient::send(std::string text, std::vector<UserNumber> recipients, Manner manner) {
  const UserNumber sender = recipients.front();
  const bool known = co_await greet(sender);
  if (known) {
    const std::string own = mode_ == smtp::Mode::submission ? address_of(sender) : "somebody@elsewhere.test";
    const int from = co_await command("MAIL FROM:<" + own + ">");
    if (from != 250 && from / 100 != 4) record_.broken("MAIL was answered with " + std::to_string(from));
    const int nobody = co_await command("RCPT TO:<nobody@" + std::string(mail_domain) + ">");
    if (nobody != 550 && nobody / 100 != 4)
      record_.broken("a user who does not exist: " + std::to_string(nobody));
    if (mode_ == smtp::Mode::submission) text = written_by(sender, std::move(text));
    const auto message = record_.begin_message(std::move(text));
    const auto named = co_await name_recipients(message, std::move(recipients));
    if (!named.empty()) co_await transfer(message, manner, named);
    if (manner == Manner::vanishes) co_return;
  }
  const int goodbye = co_await command("QUIT");
  if (goodbye != 221) record_.broken("QUIT was answered with " + std::to_string(goodbye));
}

Task<std::optional<MessageNumber>> SmtpClient::send_out(std::string text, UserNumber sender, std::string to) {
  const bool known = co_await greet(sender);
  if (!known) co_return std::nullopt;
  const auto message = record_.begin_message(written_by(sender, std::move(text)));
  record_.sent_out(message, sender);
  const auto commands = envelope_of(sender, to);
  for (const auto& line : commands) {
    const int answer = co_await command(line);
    if (answer / 100 == 5) record_.broken(line + " was answered with " + std::to_string(answer), sender);
    if (answer / 100 > 3) co_return std::nullopt;
  }
  co_await conversation_.send(record_.text_of(message) + ".\r\n");
  const int answer = co_await reply();
  if (answer / 100 == 5)
    record_.broken("a proper message was refused with " + std::to_string(answer), sender);
  if (answer != 250) co_return std::nullopt;
  co_return message;
}

/// Pipelined (RFC 2920). Those who were taken.
Task<SmtpClient::Users> SmtpClient::name_recipients(MessageNumber message, Users recipients) {
  std::string commands;
  for (const auto user : recipients) commands += "RCPT TO:<" + address_of(user) + ">\r\n";
  co_await conversation_.send(std::move(commands));
  Users named;
  for (const auto user : recipients) {
    const int answer = co_await reply();
    if (answer == 250) {
      record_.sent_to(message, user);
      named.push_back(user);
    } else {
      if (answer / 100 != 4)
        record_.broken("a user who exists was refused with " + std::to_string(answer), user);
      record_.deferred(message, answer);
    }
  }
  co_return named;
}

/// In two chunks (RFC 3030). False when the first was refused.
Task<bool> SmtpClient::send_chunks(MessageNumber message) {
  const std::string text = record_.text_of(message);
  const auto first = text.size() / 3;
  const int taken = co_await command("BDAT " + std::to_string(first) + "\r\n" + text.substr(0, first), "");
  if (taken != 250) {
    if (taken / 100 != 4) record_.broken("BDAT was answered with " + std::to_string(taken));
    record_.refused(message);
    record_.deferred(message, taken);
    co_return false;
  }
  co_await conversation_.send("BDAT " + std::to_string(text.size() - first) + " LAST\r\n" +
                              text.substr(first));
  co_return true;
}

Task<void> SmtpClient::transfer(MessageNumber message, Manner manner, Users recipients) {
  const bool in_chunks = manner == Manner::proper && message % 3 == 0;
  if (in_chunks) {
    const bool sent = co_await send_chunks(message);
    if (sent) co_await hear_outcomes(message, manner, std::move(recipients));
    co_return;
  }
  const int ready = co_await command("DATA");
  if (ready != 354) {
    if (ready / 100 != 4) record_.broken("DATA was answered with " + std::to_string(ready));
    record_.refused(message);
    co_return;
  }
  std::string text = record_.text_of(message);
  if (manner != Manner::proper) record_.refused(message);
  if (manner == Manner::vanishes) {
    co_await conversation_.send(text.substr(0, text.size() / 2));
    conversation_.close();
    co_return;
  }
  if (manner == Manner::bare_lf) text += "a bare\n.\nQUIT\r\n";
  co_await conversation_.send(text + ".\r\n");
  co_await hear_outcomes(message, manner, std::move(recipients));
}

Task<void> SmtpClient::hear_outcomes(MessageNumber message, Manner manner, Users recipients) {
  if (mode_ != smtp::Mode::lmtp) {
    const int answer = co_await reply();
    hear_outcome(message, manner, answer, std::nullopt);
    co_return;
  }
  for (const auto user : recipients) {  // RFC 2033, section 4.2: one reply each
    const int answer = co_await reply();
    hear_outcome(message, manner, answer, user);
  }
}

void SmtpClient::hear_outcome(MessageNumber message, Manner manner, int answer,
                              std::optional<UserNumber> user) {
  if (answer == 250) {
    record_.accepted(message, user);
    if (manner == Manner::bare_lf) record_.broken("a bare LF was accepted");
  } else if (manner == Manner::proper) {
    if (answer / 100 != 4)
      record_.broken("a proper message was refused with " + std::to_string(answer), user);
    record_.deferred(message, answer);
  }
}

}  // namespace gridmail::sim
