// SMTP's parsers under arbitrary bytes in arbitrary pieces. Beside memory errors this finds any input for
// which
//  - something else than CRLF.CRLF (".CRLF" at the very start) ends the data,
//  - a chunk of BDAT is anything but what it holds, or ends before its size says,
//  - the outcome depends on how the bytes were split,
//  - a path's spelling does not parse back to itself,
//  - a submission lacks a field after the missing ones were put in front, or names other authors.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/base/result.hpp"
#include "protocols/line/line_buffer.hpp"
#include "protocols/sasl/server_exchange.hpp"
#include "protocols/smtp/command_parser.hpp"
#include "protocols/smtp/data_decoder.hpp"
#include "protocols/smtp/received_counter.hpp"
#include "protocols/smtp/submission_header.hpp"
#include "protocols/smtp/trace_header.hpp"

namespace {

using namespace gridmail;
using namespace gridmail::smtp;

struct Collected final : DataDecoder::Sink {
  std::string bytes;
  ReceivedCounter received;
  void run(BytesView piece) override {
    bytes.append(piece);
    received.feed(piece);
  }
};

struct Outcome {
  std::string bytes;
  std::size_t consumed = 0;
  std::size_t received = 0;
  bool finished = false, bare_cr = false, bare_lf = false, nul = false;
  bool operator==(const Outcome&) const = default;
};

/// Feeds pieces whose lengths the seed gives; 0: all at once.
Outcome decode(std::string_view input, DataDecoder::BareLf bare_lf, std::uint32_t seed,
               DataDecoder::Framing framing = DataDecoder::Framing::dots) {
  DataDecoder decoder(bare_lf, framing);
  Collected collected;
  Outcome outcome;
  while (!outcome.finished && outcome.consumed < input.size()) {
    seed = seed * 1'664'525 + (seed == 0 ? 0 : 1'013'904'223);
    const std::size_t length = seed == 0 ? input.size() : 1 + (seed >> 24) % 7;
    const auto fed = decoder.feed(input.substr(outcome.consumed, length), collected);
    outcome.consumed += fed.consumed;
    outcome.finished = fed.finished;
  }
  if (framing == DataDecoder::Framing::chunks) decoder.finish();
  outcome.bytes = std::move(collected.bytes);
  outcome.received = collected.received.count();
  outcome.bare_cr = decoder.has_bare_cr();
  outcome.bare_lf = decoder.has_bare_lf();
  outcome.nul = decoder.has_nul();
  return outcome;
}

/// RFC 5321, section 4.1.1.4, as one would write it without streams.
std::size_t end_of_data(std::string_view input) {
  if (input.starts_with(".\r\n")) return 3;
  const std::size_t found = input.find("\r\n.\r\n");
  return found == std::string_view::npos ? found : found + 5;
}

/// RFC 5321, section 4.5.2, likewise.
std::string unstuffed(std::string_view data) {
  std::string bytes;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const bool line_start = i == 0 || (i >= 2 && data[i - 1] == '\n' && data[i - 2] == '\r');
    if (!(line_start && data[i] == '.')) bytes.push_back(data[i]);
  }
  return bytes;
}

void check_data(std::string_view input, std::uint32_t seed) {
  const Outcome whole = decode(input, DataDecoder::BareLf::keep, 0);
  const std::size_t end = end_of_data(input);
  GRIDMAIL_ASSERT(whole.finished == (end != std::string_view::npos));
  if (whole.finished) {
    GRIDMAIL_ASSERT(whole.consumed == end);
    GRIDMAIL_ASSERT(whole.bytes == unstuffed(input.substr(0, end - 3)));
  }
  GRIDMAIL_ASSERT(decode(input, DataDecoder::BareLf::keep, seed | 1) == whole);
  const Outcome repaired = decode(input, DataDecoder::BareLf::repair, 0);
  GRIDMAIL_ASSERT(repaired.finished == whole.finished && repaired.consumed == whole.consumed);
  GRIDMAIL_ASSERT(decode(input, DataDecoder::BareLf::repair, seed | 1) == repaired);
  for (std::size_t at = repaired.bytes.find('\n'); at != std::string::npos;
       at = repaired.bytes.find('\n', at + 1)) {
    GRIDMAIL_ASSERT(at > 0 && repaired.bytes[at - 1] == '\r');
  }
}

/// RFC 3030, section 2: the content as it is.
void check_chunk(std::string_view input, std::uint32_t seed) {
  constexpr auto chunks = DataDecoder::Framing::chunks;
  const Outcome whole = decode(input, DataDecoder::BareLf::keep, 0, chunks);
  GRIDMAIL_ASSERT(!whole.finished && whole.consumed == input.size() && whole.bytes == input);
  GRIDMAIL_ASSERT(decode(input, DataDecoder::BareLf::keep, seed | 1, chunks) == whole);
  GRIDMAIL_ASSERT(whole.nul == (input.find('\0') != std::string_view::npos));
  bool bare_cr = false, bare_lf = false;
  for (std::size_t i = 0; i < input.size(); ++i) {
    bare_cr = bare_cr || (input[i] == '\r' && input.substr(i + 1, 1) != "\n");
    bare_lf = bare_lf || (input[i] == '\n' && (i == 0 || input[i - 1] != '\r'));
  }
  GRIDMAIL_ASSERT(whole.bare_cr == bare_cr && whole.bare_lf == bare_lf);
}

void check_path(const Path& path) {
  if (path.address.empty()) return;
  const std::string spelled = "<" + path.address + ">";
  const auto again = parse_path(spelled);
  GRIDMAIL_ASSERT(again && again->path.address == path.address && again->rest.empty());
}

void check_command(std::string_view line) {
  const auto command = parse_command(line);
  if (!command) return;
  if (const auto mail = parse_mail(command->argument, true)) check_path(mail->sender);
  if (const auto rcpt = parse_rcpt(command->argument, true)) check_path(rcpt->recipient);
  if (const auto response = sasl::decode_initial_response(command->argument)) {
    (void)sasl::ServerExchange(sasl::Mechanism::plain).start(*response);
  }
  if (const auto chunk = parse_bdat(command->argument)) {
    GRIDMAIL_ASSERT(command->argument.find_first_not_of("0123456789") >= 1);
  }
  Trace trace;
  trace.client_name = command->argument;
  const std::string field = format_received(trace);
  GRIDMAIL_ASSERT(field.find("\n\r\n") == std::string::npos && field.find('\0') == std::string::npos);
}

void check_header(std::string_view input) {
  const auto header = read_submission_header(input);
  const auto fields = missing_fields(header, {"a@x.test", "id", "mx.test", 0});
  const auto again = read_submission_header(fields + std::string(input));
  GRIDMAIL_ASSERT(again.has_from && again.has_date && again.has_message_id && !again.lacks_header);
  if (header.has_from) GRIDMAIL_ASSERT(again.authors == header.authors);
  if (!header.has_from) GRIDMAIL_ASSERT(again.authors == std::vector<std::string>{"a@x.test"});
}

void check_lines(std::string_view input, std::uint32_t seed) {
  LineBuffer buffer;
  while (!input.empty()) {
    seed = seed * 1'664'525 + 1'013'904'223;
    const auto space = buffer.space();
    const std::size_t length = std::min({input.size(), space.size, std::size_t{1} + (seed >> 24)});
    input.copy(space.data, length);
    buffer.filled(length);
    input.remove_prefix(length);
    while (const auto line = buffer.take_line(64)) {
      GRIDMAIL_ASSERT(line->text.size() <= 64 && line->text.find('\n') == std::string_view::npos);
      check_command(line->text);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint32_t seed = gridmail::read_be32(input);
  check_data(input.substr(4), seed);
  check_chunk(input.substr(4), seed);
  check_lines(input.substr(4), seed);
  check_header(input.substr(4));
  return 0;
}
