// What a submission server looks at in a message's header, and what it adds to it (RFC 6409, sections 6 and
// 8).
#pragma once
#include <string>
#include <vector>

#include "node/base/bytes.hpp"
#include "node/base/clock.hpp"

namespace gridmail::smtp {

/// Gathers the header section of a message that streams by. Pure.
class HeaderCollector {
 public:
  static constexpr std::size_t bytes_max = 256 * 1024;

  /// Takes no more than bytes_max.
  void feed(BytesView bytes);
  [[nodiscard]] const Bytes& header() const { return header_; }

 private:
  Bytes header_;
  bool ended_ = false;
};

struct SubmissionHeader {
  bool has_from = false;
  bool has_date = false;
  bool has_message_id = false;
  bool tls_not_required = false;     ///< TLS-Required: No (RFC 8689, section 5)
  bool lacks_header = false;         ///< the message begins with its body, without an empty line in front
  std::vector<std::string> authors;  ///< all addresses of all From fields
};
/// `header` may go on into the body.
[[nodiscard]] SubmissionHeader read_submission_header(BytesView header);

/// Whose message it is, under which name and when.
struct Submission {
  std::string login;  ///< an address
  std::string id;
  std::string hostname;
  WallMicros at = 0;
};
/// The fields From, Date and Message-ID, of those that are missing, each with its CRLF; and the empty line
/// that a message without header needs behind them.
[[nodiscard]] std::string missing_fields(const SubmissionHeader& header, const Submission& submission);

}  // namespace gridmail::smtp
