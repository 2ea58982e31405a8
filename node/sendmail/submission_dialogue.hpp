// One message handed to the node, in SMTP, over a blocking connection.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail::sendmail {

/// How programs that call sendmail hear how it went (sysexits.h).
enum ExitCode : int {
  ok = 0,
  usage = 64,
  data_error = 65,
  no_user = 67,
  unavailable = 69,
  system_error = 71,
  io_error = 74,
  temporary_failure = 75,
  no_permission = 77,
  configuration = 78,
};

struct Ended {
  int exit_code = ok;
  std::string text;  ///< for people; empty when all went well
};

/// Where the bytes go.
class Connection {
 public:
  virtual ~Connection() = default;
  /// False: it broke.
  [[nodiscard]] virtual bool write(BytesView bytes) = 0;
  /// Without its CRLF. False: it broke, or nothing came for minutes.
  [[nodiscard]] virtual bool read_line(std::string& line) = 0;
};

struct Letter {
  std::string sender;  ///< empty: the null sender
  std::vector<std::string> recipients;
  Bytes text;                    ///< lines in CRLF
  std::string notify = {};       ///< NOTIFY of each recipient; empty: unsaid, as the next two
  std::string returned = {};     ///< RET
  std::string envelope_id = {};  ///< ENVID, in xtext
};
/// Makes the letter once it is known how the server calls itself: addresses without a domain get that one.
using MakeLetter = std::function<Letter(const std::string& hostname)>;

/// Everybody gets it, or nobody: one recipient that is refused ends it.
[[nodiscard]] Ended send(Connection& connection, const MakeLetter& make);

}  // namespace gridmail::sendmail
