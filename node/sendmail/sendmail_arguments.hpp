// The command line of sendmail(8), as programs have used it for forty years. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.hpp"

namespace gridmail::sendmail {

enum class Mode {
  deliver,     ///< a message from standard input (-bm)
  speak_smtp,  ///< SMTP on standard input and output (-bs)
  list_queue,  ///< -bp, mailq
  do_nothing,  ///< -bi, newaliases, -q, -bv: nothing to rebuild, run or verify here
};

struct CommandLine {
  Mode mode = Mode::deliver;
  std::vector<std::string> recipients;
  std::optional<std::string> sender;  ///< -f, -r; empty: the null sender
  std::string full_name;              ///< -F: of the author, where there is no From
  std::string notify;                 ///< -N: NOTIFY of each recipient (RFC 3461, section 4.1)
  std::string returned;               ///< -R: RET (section 4.3)
  std::string envelope_id;            ///< -V: ENVID (section 4.4), in xtext
  bool recipients_in_header = false;  ///< -t
  bool dot_is_text = false;           ///< -i, -oi: a line with only a dot ends nothing
};

/// `program` is the name it was called by. What sendmail programs know and has no meaning here is passed
/// over. Errors: invalid, with what is wrong.
[[nodiscard]] Result<CommandLine> parse_arguments(std::string_view program,
                                                  std::span<const char* const> arguments);

}  // namespace gridmail::sendmail
