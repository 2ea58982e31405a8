// One transaction of a simulated client over SMTP, submission or LMTP, from greeting to QUIT.
#pragma once
#include <vector>

#include "protocols/smtp/settings.hpp"
#include "tests/simulator/mail_conversation.hpp"
#include "tests/simulator/mail_record.hpp"

namespace gridmail::sim {

/// How the client behaves.
enum class Manner : std::uint8_t {
  proper,
  vanishes,  ///< in the middle of DATA: nothing may arrive
  bare_lf,   ///< is refused for good: nothing may arrive
};

class SmtpClient {
 public:
  SmtpClient(Conversation& conversation, MailRecord& record, smtp::Mode mode)
      : conversation_(conversation), record_(record), mode_(mode) {}

  /// Sends one new message with this text (header fields without Message-ID, then the body).
  [[nodiscard]] Task<void> send(std::string text, std::vector<UserNumber> recipients, Manner manner);
  /// Submits one for somebody elsewhere. Its number, when it was accepted.
  [[nodiscard]] Task<std::optional<MessageNumber>> send_out(std::string text, UserNumber sender,
                                                            std::string to);

 private:
  /// The reply's code; the last line of it.
  [[nodiscard]] Task<int> reply();
  [[nodiscard]] Task<int> command(std::string line, std::string end = "\r\n");
  [[nodiscard]] Task<bool> greet(UserNumber sender);
  using Users = std::vector<UserNumber>;
  [[nodiscard]] Task<Users> name_recipients(MessageNumber message, Users recipients);
  [[nodiscard]] Task<void> transfer(MessageNumber message, Manner manner, Users recipients);
  [[nodiscard]] Task<bool> send_chunks(MessageNumber message);
  [[nodiscard]] Task<void> hear_outcomes(MessageNumber message, Manner manner, Users recipients);
  void hear_outcome(MessageNumber message, Manner manner, int answer, std::optional<UserNumber> user);

  Conversation& conversation_;
  MailRecord& record_;
  const smtp::Mode mode_;
};

[[nodiscard]] std::string address_of(UserNumber user);

}  // namespace gridmail::sim
