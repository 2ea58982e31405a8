// What an SMTP session knows between two commands, and which command may come next (RFC 5321, section 4.1.4).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocols/ports/delivery.hpp"
#include "protocols/ports/directory.hpp"
#include "protocols/smtp/command_parser.hpp"
#include "protocols/smtp/message_receiver.hpp"
#include "protocols/smtp/settings.hpp"

namespace gridmail::smtp {

/// From MAIL to the end of data, RSET, or a new greeting.
class Transaction {
 public:
  explicit Transaction(MailArguments mail) : mail_(std::move(mail)) {}

  /// A user named twice, by whatever address, stays one recipient.
  void add(ports::Recipient recipient);
  /// RCPT commands answered 250.
  [[nodiscard]] std::size_t accepted() const { return accepted_.size(); }
  /// For each of them in order, the index of its recipient.
  [[nodiscard]] const std::vector<std::size_t>& accepted_recipients() const { return accepted_; }
  [[nodiscard]] const MailArguments& mail() const { return mail_; }
  [[nodiscard]] const std::string& sender() const { return mail_.sender.address; }
  [[nodiscard]] std::vector<ports::Recipient>& recipients() { return recipients_; }
  [[nodiscard]] const std::vector<ports::Recipient>& recipients() const { return recipients_; }

  /// What BDAT has brought so far; nothing before the first chunk.
  std::unique_ptr<MessageReceiver> chunks;

 private:
  MailArguments mail_;
  std::vector<ports::Recipient> recipients_;
  std::vector<std::size_t> accepted_;
  std::unordered_map<std::string, std::size_t> index_;  ///< by user, or by address elsewhere
};

struct SessionState {
  Mode mode = Mode::mx;
  bool secure = false;             ///< TLS is on
  bool may_start_tls = false;      ///< TLS can be had and is not on
  bool may_send_password = false;  ///< the connection is private enough for AUTH
  std::string client_name;         ///< as greeted; empty before
  bool extended = false;           ///< greeted with EHLO or LHLO
  std::optional<ports::Account> account;
  std::optional<Transaction> transaction;

  [[nodiscard]] bool offers_auth() const { return mode == Mode::submission && may_send_password; }
  /// RSET, and every greeting.
  void reset() { transaction.reset(); }
  /// After STARTTLS nothing known before counts (RFC 3207, section 4.2).
  void forget_client();
};

/// The refusal when `verb` cannot come now: out of order, not offered, or not before AUTH.
[[nodiscard]] std::optional<Reply> refuse_out_of_order(const SessionState& state, Verb verb);

/// The reply to EHLO or LHLO, all lines (RFC 5321, section 4.1.1.1).
[[nodiscard]] std::string greeting_reply(const SessionState& state, const Settings& settings,
                                         std::uint64_t message_bytes_max);

}  // namespace gridmail::smtp
