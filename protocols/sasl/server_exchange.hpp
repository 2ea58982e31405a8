// The server's side of a SASL log-in (RFC 4422) with PLAIN (RFC 4616) or LOGIN, as SMTP, POP3, IMAP and
// ManageSieve share it. Pure: the session carries the lines and asks the directory about the credentials.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "node/base/bytes.hpp"
#include "node/base/result.hpp"

namespace gridmail::sasl {

enum class Mechanism : std::uint8_t {
  plain,
  login,  ///< never standardised (draft-murchison-sasl-login); Outlook for SMTP offers nothing else
};
/// In any case of letters; nothing when it is not offered.
[[nodiscard]] std::optional<Mechanism> mechanism_named(std::string_view name);

struct Credentials {
  std::string login;
  std::string password;
};
/// To be sent to the client, in the base64 of the protocol.
struct Challenge {
  std::string text;
};

class ServerExchange {
 public:
  explicit ServerExchange(Mechanism mechanism) : mechanism_(mechanism) {}

  using Step = std::variant<Challenge, Credentials>;
  /// `initial` is the decoded initial response, where the client gave one.
  [[nodiscard]] Result<Step> start(const std::optional<Bytes>& initial);
  /// The decoded answer to the last challenge. Errors: invalid (malformed), denied (asks to act as someone
  /// else).
  [[nodiscard]] Result<Step> step(BytesView response);

 private:
  Mechanism mechanism_;
  std::optional<std::string> login_;  // LOGIN: once the first question is answered
};

/// What a client sent after AUTH or in answer to a challenge. Errors: invalid (not base64), cancelled ("*").
[[nodiscard]] Result<Bytes> decode_response(std::string_view line);
/// As decode_response, where "=" stands for an empty initial response (RFC 4954, section 4; RFC 5034, section
/// 4).
[[nodiscard]] Result<Bytes> decode_initial_response(std::string_view text);

}  // namespace gridmail::sasl
