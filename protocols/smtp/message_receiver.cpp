#include "protocols/smtp/message_receiver.hpp"

#include "protocols/line/message_line.hpp"
#include "protocols/smtp/reply_mapping.hpp"

namespace gridmail::smtp {

// Who submits, or relays to LMTP, has no other way to send the message, and old programs end lines in LF
// alone: they are repaired. On the MX port such a message is an attempt at smuggling, or comes from what
// should be repaired.
MessageReceiver::MessageReceiver(Mode mode, Framing framing, std::unique_ptr<ports::Spool> spool,
                                 std::uint64_t message_bytes_max)
    : mode_(mode),
      binary_(framing == Framing::binary_chunks),
      spool_(std::move(spool)),
      message_bytes_max_(message_bytes_max),
      decoder_(mode == Mode::mx || binary_ ? DataDecoder::BareLf::keep : DataDecoder::BareLf::repair,
               framing == Framing::data ? DataDecoder::Framing::dots : DataDecoder::Framing::chunks) {}

DataDecoder::Fed MessageReceiver::feed(BytesView input) {
  const auto fed = decoder_.feed(input, *this);
  judge();
  return fed;
}

void MessageReceiver::finish() {
  decoder_.finish();
  judge();
}

std::unique_ptr<ports::Spool> MessageReceiver::take_message() {
  GRIDMAIL_ASSERT(!refusal_ && spool_);
  return std::move(spool_);
}

void MessageReceiver::run(BytesView bytes) {
  if (!spool_) return;
  if (!first_ && !bytes.empty()) first_ = bytes.front();
  received_.feed(bytes);
  if (mode_ == Mode::submission) header_.feed(bytes);
  if (spool_->size() + bytes.size() > message_bytes_max_) {
    refuse(message_refused({Errc::too_large, {}}));
    return;
  }
  if (auto appended = spool_->append(bytes); !appended) refuse(message_refused(appended.error()));
}

void MessageReceiver::judge() {
  if (refusal_) return;
  if (received_.count() > received_fields_max) {
    refuse({554, "5.4.6", "message has more than 100 Received fields: a mail loop"});
  }
  if (!refusal_ && received_.header_bytes() > HeaderCollector::bytes_max)
    refuse({552, "5.3.4", "header of more than 256 KiB"});
  if (refusal_ || binary_) return;  // delivery makes lines of binary parts
  // What is submitted may leave the grid, where others might take a CR for the end of a line; its bare LFs
  // were repaired. What comes by LMTP and leaves is repaired by delivery.
  const bool bare_cr_refused = decoder_.has_bare_cr() && mode_ != Mode::lmtp;
  if (bare_cr_refused || (decoder_.has_bare_lf() && mode_ == Mode::mx)) {
    refuse({550, "5.5.2", "message has a CR or LF that is not part of CRLF (RFC 5321, section 2.3.8)"});
  } else if (decoder_.has_nul()) {
    refuse({550, "5.5.2", "message has a NUL byte"});
  } else if (decoder_.longest_line() > message_line_bytes_max) {
    refuse({554, "5.5.2", "message has a line of more than 1 MiB"});
  }
}

void MessageReceiver::refuse(Reply reply) {
  refusal_ = std::move(reply);
  spool_.reset();
}

}  // namespace gridmail::smtp
