// A POP3 session (RFC 1939, 2449, 2595, 3206, 5034): one client's connection, from greeting to QUIT.
//
// A coroutine on the connection's strand. It takes no lock: it sees INBOX as it was at log-in, beside any
// other session. Its deletions are one operation at QUIT, all or nothing; a connection that ends otherwise
// deletes nothing.
#pragma once
#include "node/runtime/stream.hpp"
#include "protocols/line/line_channel.hpp"
#include "protocols/pop3/command_parser.hpp"
#include "protocols/pop3/maildrop_state.hpp"
#include "protocols/pop3/settings.hpp"
#include "protocols/pop3/top_filter.hpp"
#include "protocols/ports/account_watch.hpp"
#include "protocols/ports/directory.hpp"
#include "protocols/ports/mailboxes.hpp"
#include "protocols/sasl/server_exchange.hpp"

namespace gridmail::pop3 {

/// All of them outlive every session.
struct Services {
  ports::Directory& directory;
  ports::Mailboxes& mailboxes;
  Clock& clock;
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
  [[nodiscard]] bool is_sent_away() const;
  void leave();
  Task<void> handle(const Line& line);
  [[nodiscard]] Task<bool> account_is_gone();
  Task<void> handle_authorization(const Command& command);
  Task<void> handle_transaction(const Command& command);
  void capa();
  Task<void> quit();
  void ok(std::string_view text);
  void refuse(std::string_view text);
  [[nodiscard]] bool may_log_in() const;

  // session_login.cpp: USER, PASS, AUTH, STLS
  void user(std::string_view name);
  Task<void> pass(std::string_view password);
  Task<void> auth(std::string_view argument);
  Task<void> authenticate(std::optional<Bytes> initial);
  Task<void> log_in(sasl::Credentials credentials);
  Task<Result<MaildropState>> open_maildrop(UserId user);
  void refuse_login(const Error& error);
  Task<void> stls();

  // session_messages.cpp: STAT, LIST, UIDL, RETR, TOP, DELE
  void stat();
  enum class Listing : std::uint8_t { sizes, unique_ids };
  Task<void> list(std::string_view argument, Listing listing);
  [[nodiscard]] std::string listed(const MaildropState::Message& message, Listing listing) const;
  Task<void> retr(std::string_view argument);
  Task<void> top(std::string_view argument);
  Task<void> send(MaildropState::Message message, std::string_view heading, std::optional<TopFilter> filter);
  Task<Result<Bytes>> read(const MaildropState::Message& message, std::uint64_t offset);
  void dele(std::string_view argument);

  Stream& stream_;
  Services services_;
  const Settings& settings_;
  LineChannel channel_;
  std::string login_;                      // as USER named it
  std::optional<ports::Account> account_;  // set in TRANSACTION
  ports::AccountWatch account_watch_;
  MaildropState maildrop_;
  std::size_t errors_ = 0;
  std::size_t login_failures_ = 0;
  bool is_between_commands_ = false;  ///< not in the middle of an AUTH
  bool ended_ = false;
};

}  // namespace gridmail::pop3
