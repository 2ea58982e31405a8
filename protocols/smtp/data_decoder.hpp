// A message's content as a stream: after DATA (RFC 5321, sections 4.1.1.4 and 4.5.2) finds its end and undoes
// dot-stuffing; of BDAT's chunks (RFC 3030) only notes what they hold, as their size alone ends them.
//
// Invariants after DATA, however the bytes are split over calls:
//  - Only the five bytes CRLF . CRLF end the content (". CRLF" at its very start): no form with a bare CR or
//  LF does,
//    so nothing in a message can pass for the next command (SMTP smuggling).
//  - A dot is dropped only right after CRLF, or at the start.
#pragma once
#include <cstddef>
#include <cstdint>

#include "node/base/bytes.hpp"

namespace gridmail::smtp {

/// Pure. Feed until finished; bytes after the end are left to the caller.
class DataDecoder {
 public:
  /// Receives the decoded content in runs as long as the input allows; views into the input or into literals.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void run(BytesView bytes) = 0;
  };

  enum class BareLf : std::uint8_t {
    keep,    ///< for who refuses the message anyway
    repair,  ///< becomes CRLF
  };
  enum class Framing : std::uint8_t { dots, chunks };
  explicit DataDecoder(BareLf bare_lf, Framing framing = Framing::dots)
      : bare_lf_(bare_lf), framing_(framing) {}

  struct Fed {
    std::size_t consumed;  ///< all of the input, unless finished
    bool finished;         ///< never of chunks
  };
  [[nodiscard]] Fed feed(BytesView input, Sink& sink);
  /// The last chunk was the last.
  void finish() { has_bare_cr_ = has_bare_cr_ || state_ == State::cr; }

  // What the content was found to hold so far.
  [[nodiscard]] bool has_bare_cr() const { return has_bare_cr_; }
  [[nodiscard]] bool has_bare_lf() const { return has_bare_lf_; }
  [[nodiscard]] bool has_nul() const { return has_nul_; }
  /// Of the longest line, without its end.
  [[nodiscard]] std::size_t longest_line() const { return longest_line_; }

 private:
  /// After which bytes the decoder stands.
  enum class State : std::uint8_t {
    line_start,  ///< CRLF, or nothing yet
    dot,         ///< CRLF "." ; the dot is dropped in any case
    dot_cr,      ///< CRLF "." CR ; this CR is held back
    text,        ///< anything else
    cr,          ///< CR, already passed on
  };
  class Run;
  void take_text(BytesView input, std::size_t& at, Run& run);
  void end_line(std::size_t length);

  BareLf bare_lf_;
  Framing framing_;
  State state_ = State::line_start;
  bool has_bare_cr_ = false;
  bool has_bare_lf_ = false;
  bool has_nul_ = false;
  std::size_t line_ = 0;  // bytes of the current line so far
  std::size_t longest_line_ = 0;
};

}  // namespace gridmail::smtp
