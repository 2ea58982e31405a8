// MessageReceiver: from the bytes after DATA or in BDAT's chunks to a spooled message, or to the reason for
// refusing it. Pure but for the spool, which belongs to the Delivery port.
#pragma once
#include <memory>
#include <optional>

#include "protocols/ports/delivery.hpp"
#include "protocols/smtp/data_decoder.hpp"
#include "protocols/smtp/received_counter.hpp"
#include "protocols/smtp/reply.hpp"
#include "protocols/smtp/settings.hpp"
#include "protocols/smtp/submission_header.hpp"

namespace gridmail::smtp {

/// Feed until finished, whatever is wrong with the message: a refusal too comes after the real end of data,
/// or of the chunk. A message that will be refused frees its spool at once; the rest of it is read and
/// dropped.
class MessageReceiver final : private DataDecoder::Sink {
 public:
  static constexpr std::size_t received_fields_max = 100;
  static constexpr std::size_t line_bytes_max = 998;  ///< without CRLF (RFC 5321, section 4.5.3.1.6)

  enum class Framing : std::uint8_t {
    data,           ///< after DATA
    chunks,         ///< BDAT
    binary_chunks,  ///< BDAT after BODY=BINARYMIME: any octets
  };
  MessageReceiver(Mode mode, Framing framing, std::unique_ptr<ports::Spool> spool,
                  std::uint64_t message_bytes_max);

  [[nodiscard]] DataDecoder::Fed feed(BytesView input);
  /// After the last chunk.
  void finish();
  /// Once finished, or after a chunk: why the message is refused, if it is.
  [[nodiscard]] const std::optional<Reply>& refusal() const { return refusal_; }
  /// Once finished and not refused.
  [[nodiscard]] std::unique_ptr<ports::Spool> take_message();
  /// Of a submission: its header section.
  [[nodiscard]] const Bytes& header() const { return header_.header(); }
  /// Once finished.
  [[nodiscard]] bool has_long_lines() const { return decoder_.longest_line() > line_bytes_max; }
  /// Once finished: a CR that is not part of CRLF, of which others might make the end of a line.
  [[nodiscard]] bool has_bare_cr() const { return decoder_.has_bare_cr(); }
  /// The first line begins with a blank: it would go on with the field in front of it (RFC 5322,
  /// section 2.2.3).
  [[nodiscard]] bool begins_with_blank() const { return first_ == ' ' || first_ == '\t'; }

 private:
  void run(BytesView bytes) override;
  void judge();
  void refuse(Reply reply);

  const Mode mode_;
  const bool binary_;
  std::unique_ptr<ports::Spool> spool_;
  const std::uint64_t message_bytes_max_;
  DataDecoder decoder_;
  ReceivedCounter received_;
  HeaderCollector header_;
  std::optional<char> first_;
  std::optional<Reply> refusal_;
};

}  // namespace gridmail::smtp
