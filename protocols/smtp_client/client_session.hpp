// ClientSession: one connection to another server, from its greeting to QUIT, for any number of messages.
//
// A coroutine's object on the connection's strand. Broken and expired streams become verdicts; only
// cancellation is thrown. Every wait has the limit of RFC 5321, section 4.5.3.2.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/runtime/stream.hpp"
#include "protocols/line/line_channel.hpp"
#include "protocols/smtp_client/extensions.hpp"
#include "protocols/smtp_client/outgoing_mail.hpp"
#include "protocols/smtp_client/reply_parser.hpp"

namespace gridmail::smtp {

enum class ClientTls : std::uint8_t {
  never,
  opportunistic,  ///< where it is offered, with whom it may be (RFC 7435)
  required,
};

struct ClientCredentials {
  std::string user;
  std::string password;
};

/// How one server is to be spoken to.
struct ServerTerms {
  ClientTls tls = ClientTls::opportunistic;
  /// RFC 4954; sent under TLS or to loopback only.
  std::optional<ClientCredentials> credentials = {};
  bool lmtp = false;  ///< RFC 2033: LHLO, and a reply for each recipient to the end of data
  /// RFC 8689, section 4.2.1: with `tls` required; who does not announce REQUIRETLS gets nothing, for good.
  bool require_tls_onwards = false;
};

/// Shared by sessions; outlives them.
struct ClientSettings {
  std::string hostname;                                ///< in EHLO
  Duration command_timeout = std::chrono::minutes(5);  ///< also for the greeting
  Duration data_timeout = std::chrono::minutes(2);     ///< for the reply to DATA
  Duration block_timeout = std::chrono::minutes(3);    ///< for a piece of the message to be taken
  Duration end_timeout = std::chrono::minutes(10);     ///< for the reply to the end of data
  /// Each reply may come at its limit's end, and each piece be taken then: all together may not.
  Duration transaction_max = std::chrono::minutes(30);
  std::uint64_t bytes_per_second_min = 4096;  ///< it has that much longer for its bytes
};

class ClientSession {
 public:
  ClientSession(std::unique_ptr<Stream> stream, Clock& clock, const ClientSettings& settings,
                ServerTerms terms);

  struct Trouble {
    Verdict verdict;
    bool in_tls = false;  ///< the handshake failed: without TLS it may work
  };
  /// Greeting, EHLO, TLS, AUTH. Nothing: ready to send.
  [[nodiscard]] Task<std::optional<Trouble>> open();

  using MayFinish = std::function<Task<bool>()>;
  /// One transaction, or several where the server takes few recipients at once; a verdict for each
  /// recipient. `may_finish` is asked before the end of data is sent: when it says no, nobody gets the
  /// message and the connection is closed.
  [[nodiscard]] Task<std::vector<Verdict>> send(OutgoingMail mail, MayFinish may_finish);
  /// QUIT, without much waiting, and the end of the connection.
  [[nodiscard]] Task<void> quit();

  [[nodiscard]] bool is_usable() const { return usable_; }
  /// Another message can be sent: usable, and the server takes more than it had (RFC 9422).
  [[nodiscard]] bool may_send() const {
    return usable_ && (extensions_.transactions_max == 0 || transactions_ < extensions_.transactions_max);
  }
  /// Transactions begun here.
  [[nodiscard]] std::size_t transactions() const { return transactions_; }
  /// The server has answered to a MAIL of the last message, other than that it closes a connection that was
  /// used before: what went wrong until then may be due to the connection's age.
  [[nodiscard]] bool has_answered() const { return answered_; }
  [[nodiscard]] const Extensions& extensions() const { return extensions_; }

 private:
  struct Transaction;
  struct Unintelligible {
    std::string what;
  };

  [[nodiscard]] Task<RemoteReply> read_reply(Duration timeout);
  [[nodiscard]] Task<RemoteReply> command(std::string line, Duration timeout);
  [[nodiscard]] Task<std::optional<Trouble>> introduce();
  [[nodiscard]] Task<std::optional<Trouble>> hello();
  [[nodiscard]] Task<std::optional<Trouble>> secure();
  [[nodiscard]] Task<std::optional<Trouble>> authenticate();

  // client_transfer.cpp
  [[nodiscard]] Task<std::vector<Verdict>> send_once(OutgoingMail mail, MayFinish may_finish);
  [[nodiscard]] Task<void> transact(Transaction& transaction, MayFinish& may_finish);
  [[nodiscard]] Task<bool> name_envelope(Transaction& transaction);
  [[nodiscard]] Task<void> send_content(Transaction& transaction, MayFinish& may_finish);
  void adapt(Transaction& transaction);
  void break_off();

  std::unique_ptr<Stream> stream_;
  const ClientSettings& settings_;
  const ServerTerms terms_;
  Clock& clock_;
  LineChannel channel_;
  ReplyParser parser_;
  Extensions extensions_;
  std::string_view stage_;  ///< what is waited for, for people
  bool usable_ = false;
  bool needs_reset_ = false;
  bool answered_ = false;
  bool in_handshake_ = false;
  std::size_t transactions_ = 0;
  TimePoint transaction_ends_ = TimePoint::never();  ///< whatever is still said then
};

/// The verdict that a reply gives; 4xx for one that makes no sense where it came.
[[nodiscard]] Verdict verdict_of(const RemoteReply& reply);

}  // namespace gridmail::smtp
