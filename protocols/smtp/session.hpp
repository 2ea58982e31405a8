// An SMTP, submission or LMTP session: one client's connection, from greeting to QUIT.
//
// A coroutine on the connection's strand; it owns nothing but its state. Cancelling its task, a broken stream
// or an expired timeout ends it; a message whose end of data has not been read is then forgotten. After a 250
// to the end of data the Delivery port has answered for the message.
#pragma once
#include "node/base/random.hpp"
#include "node/runtime/stream.hpp"
#include "protocols/line/line_channel.hpp"
#include "protocols/ports/delivery.hpp"
#include "protocols/ports/directory.hpp"
#include "protocols/ports/limits.hpp"
#include "protocols/sasl/server_exchange.hpp"
#include "protocols/smtp/session_state.hpp"
#include "protocols/smtp/settings.hpp"

namespace gridmail::smtp {

/// All of them outlive every session.
struct Services {
  ports::Directory& directory;
  ports::Delivery& delivery;
  Clock& clock;
  Random& random;
  /// Who it is, where the connection itself says so; otherwise AUTH does. Outlives the session.
  const ports::Account* account = nullptr;
  ports::Limits* limits = nullptr;  ///< may be null: none
};

/// Serves the client until it leaves, then closes the stream. Streams that break are the client's business
/// and end this quietly; only operation_aborted (cancellation) is thrown.
[[nodiscard]] Task<void> serve(Stream& stream, Services services, const Settings& settings);

/// The session behind serve(); `settings` and the stream outlive it.
class Session {
 public:
  Session(Stream& stream, Services services, const Settings& settings);
  [[nodiscard]] Task<void> run();

 private:
  // session.cpp: the conversation
  Task<void> take_commands();
  [[nodiscard]] bool is_stopping() const {
    return settings_.stopping != nullptr && settings_.stopping->is_set();
  }
  void greet_client();
  Task<void> handle(const Line& line);
  Task<void> dispatch(const Command& command);
  void answer_simple(const Command& command);
  void greet(const Command& command);
  void reply(const Reply& reply);
  void refuse(const Reply& reply);
  void refuse_line(std::string_view line, const Reply& refusal);
  void end(const Reply& reply);
  bool refuse_argument(const Command& command);

  // session_security.cpp: STARTTLS, AUTH
  void look_at_connection();
  Task<void> starttls();
  Task<void> auth(std::string_view argument);
  Task<void> authenticate(sasl::ServerExchange& exchange, std::optional<Bytes> initial);
  Task<std::optional<Result<Bytes>>> ask(const sasl::Challenge& challenge);
  Task<void> check_credentials(sasl::Credentials credentials);
  void refuse_login(const Error& error);

  // session_transaction.cpp: MAIL, RCPT, and what becomes of a message
  Task<void> mail(std::string_view argument);
  Task<void> rcpt(std::string_view argument);
  bool is_over_limit(bool (ports::Limits::*may)(const std::string&, UserId), const Reply& refusal);
  Task<void> finish(MessageReceiver& receiver);
  Task<std::optional<Reply>> refuse_authors(std::vector<std::string> authors);
  /// `header`: of a submission.
  Task<void> deliver(Transaction transaction, MessageReceiver& receiver,
                     std::optional<SubmissionHeader> header);
  ports::Incoming incoming(Transaction& transaction, const std::string& id);
  void refuse_message(const Transaction& transaction, const Reply& refusal);

  // session_content.cpp: DATA and BDAT
  Task<void> data();
  Task<bool> receive(MessageReceiver& receiver);
  [[nodiscard]] TimePoint content_deadline() const;
  Task<bool> read_block(TimePoint deadline);
  Task<void> bdat(std::string_view argument);
  Task<bool> receive_chunk(std::uint64_t size, MessageReceiver* receiver);

  Stream& stream_;
  Services services_;
  const Settings& settings_;
  LineChannel channel_;
  SessionState state_;
  std::size_t errors_ = 0;
  std::size_t unknown_recipients_ = 0;
  std::size_t login_failures_ = 0;
  bool is_between_commands_ = false;  ///< not in the middle of an AUTH or a message
  bool ended_ = false;
};

}  // namespace gridmail::smtp
