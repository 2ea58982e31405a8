// FrameParser: where one command ends and the next begins, and what to do about the literals in between
// (RFC 3501, section 4.3; RFC 7888). Pure: bytes in, events out.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/base/bytes.hpp"

namespace gridmail::imap {

/// One command as it came: its lines without their ends, joined; a literal's announcement "{5}" or "{5+}"
/// stays in place, its bytes are kept apart.
struct RawCommand {
  enum class Fault : std::uint8_t {
    none,
    line_too_long,     ///< `line` holds its beginning only
    literal_too_long,  ///< a non-synchronizing literal was thrown away
  };
  std::string line;
  std::vector<std::string> literals;
  Fault fault = Fault::none;
};

struct LiteralAnnouncement {
  std::uint64_t size = 0;
  bool synchronizing = true;
};

/// feed() until an event comes; on `literal` answer by exactly one of take_literal, discard_literal,
/// refuse_literal and leave_literal; on `command` call take(). A line ends with LF, with or without CR before
/// it.
class FrameParser {
 public:
  /// `command_bytes_max`: of lines and literals of one command together.
  explicit FrameParser(std::size_t command_bytes_max) : command_bytes_max_(command_bytes_max) {}

  enum class Event : std::uint8_t { need_bytes, literal, command };
  /// Takes what it uses off the front of `in`.
  [[nodiscard]] Event feed(BytesView& in);

  [[nodiscard]] const LiteralAnnouncement& announced() const { return announced_; }
  /// The command so far.
  [[nodiscard]] const RawCommand& raw() const { return raw_; }
  /// Whether the announced literal can be part of the command.
  [[nodiscard]] bool literal_fits() const;

  /// Its bytes become part of the command. Requires literal_fits().
  void take_literal();
  /// Its bytes are skipped, the rest of the command is read, and comes out with a fault.
  void discard_literal();
  /// For a synchronizing one: the client is told no, and does not send it. The command is over.
  void refuse_literal();
  /// The caller takes the bytes off the input itself; feed() goes on behind them.
  void leave_literal() { line_start_ = raw_.line.size(); }

  [[nodiscard]] RawCommand take();

 private:
  enum class State : std::uint8_t { line, literal, discarded_literal };
  [[nodiscard]] Event end_line();
  void keep(BytesView bytes);
  [[nodiscard]] std::size_t room() const;

  std::size_t command_bytes_max_;
  State state_ = State::line;
  RawCommand raw_;
  std::size_t line_start_ =
      0;              // of the present line in raw_.line: what is before it announced earlier literals
  std::string tail_;  // of a line that is too long: it may end with an announcement
  std::size_t literal_bytes_ = 0;
  std::uint64_t missing_ = 0;  // bytes of the literal still to come
  LiteralAnnouncement announced_;
};

}  // namespace gridmail::imap
