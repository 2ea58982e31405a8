// POP3's parsers and filters under arbitrary bytes in arbitrary pieces. Beside memory errors this finds any
// input for which
//  - a message can end its own multi-line answer, or does not come back from it,
//  - the outcome depends on how the bytes were split,
//  - TOP gives anything but the message's beginning.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/base/result.hpp"
#include "protocols/line/dot_stuffer.hpp"
#include "protocols/line/line_buffer.hpp"
#include "protocols/pop3/command_parser.hpp"
#include "protocols/pop3/top_filter.hpp"
#include "protocols/sasl/server_exchange.hpp"

namespace {

using namespace gridmail;
using namespace gridmail::pop3;

/// Cuts pieces whose lengths a seed gives; 0: all at once.
class Pieces {
 public:
  Pieces(std::string_view input, std::uint32_t seed) : rest_(input), seed_(seed) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::string_view next() {
    if (seed_ != 0) seed_ = seed_ * 1'664'525 + 1'013'904'223;
    const std::size_t length = seed_ == 0 ? rest_.size() : 1 + (seed_ >> 24) % 7;
    const std::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
  std::uint32_t seed_;
};

std::string stuffed(std::string_view message, std::uint32_t seed) {
  std::string answer;
  DotStuffer stuffer;
  for (Pieces pieces(message, seed); !pieces.empty();) stuffer.append(answer, pieces.next());
  stuffer.finish(answer);
  return answer;
}

/// Reads as a lenient client does, whose lines end at LF.
std::string read_answer(std::string_view answer) {
  std::string message;
  for (;;) {
    const std::size_t lf = answer.find('\n');
    GRIDMAIL_ASSERT(lf != std::string_view::npos);
    std::string_view line = answer.substr(0, lf + 1);
    answer.remove_prefix(lf + 1);
    if (line == ".\r\n" || line == ".\n") break;
    if (line.front() == '.') line.remove_prefix(1);
    message.append(line);
  }
  GRIDMAIL_ASSERT(answer.empty());
  return message;
}

void check_answer(std::string_view message, std::uint32_t seed) {
  const std::string answer = stuffed(message, 0);
  GRIDMAIL_ASSERT(stuffed(message, seed | 1) == answer);
  const std::string read = read_answer(answer);
  GRIDMAIL_ASSERT(read == message || read == std::string(message) + "\r\n");
}

void check_top(std::string_view message, std::uint32_t seed) {
  const std::uint32_t lines = seed % 5;
  TopFilter whole(lines);
  TopFilter in_pieces(lines);
  const std::string_view top = whole.take(message);
  std::string collected;
  for (Pieces pieces(message, seed | 1); !pieces.empty();) collected += in_pieces.take(pieces.next());
  GRIDMAIL_ASSERT(top == collected);
  GRIDMAIL_ASSERT(message.starts_with(top) && (whole.done() || top == message));
}

void check_commands(std::string_view input) {
  LineBuffer buffer;
  for (Pieces pieces(input, 1); !pieces.empty();) {
    const std::string_view piece = pieces.next();
    const auto space = buffer.space();
    GRIDMAIL_ASSERT(space.size > 0);
    const std::size_t length = std::min(piece.size(), space.size);
    piece.copy(space.data, length);
    buffer.filled(length);
    while (const auto line = buffer.take_line(64)) {
      const Command command = parse_command(line->text);
      (void)parse_message_number(command.argument);
      (void)parse_top(command.argument);
      if (const auto response = sasl::decode_response(command.argument)) {
        (void)sasl::ServerExchange(sasl::Mechanism::plain).start(*response);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint32_t seed = gridmail::read_be32(input);
  check_answer(input.substr(4), seed);
  check_top(input.substr(4), seed);
  check_commands(input.substr(4));
  return 0;
}
