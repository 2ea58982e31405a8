// LineBuffer: bytes received and not yet used, cut into lines. Pure: who reads from where is the owner's
// business.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "node/base/bytes.hpp"

namespace gridmail {

/// One line without its end.
struct Line {
  enum class Flaw : std::uint8_t {
    none,
    too_long,  ///< was longer than allowed; `text` is how it began
    bare_lf,   ///< ended in LF without CR
  };
  std::string_view text;
  Flaw flaw = Flaw::none;
};

/// Memory is allocated at the first use of space() and kept small while only commands are read; a bulk reader
/// asks for more by reserve(). Views given out are valid until the next call that is not const.
class LineBuffer {
 public:
  /// What an idle connection holds.
  static constexpr std::size_t capacity_small = 2048;
  /// What is kept of a line that is too long, at most.
  static constexpr std::size_t beginning_bytes = 15;

  /// Takes the next whole line out. Nothing: more bytes are needed. A line of more than `bytes_max` bytes is
  /// dropped as it comes and reported once, when its end has arrived.
  [[nodiscard]] std::optional<Line> take_line(std::size_t bytes_max);

  /// Everything not yet used.
  [[nodiscard]] BytesView buffered() const { return {memory_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes);
  /// Forgets everything received (RFC 3207, section 4.2), also a line that was being dropped.
  void discard();

  /// Where to read into; never empty. Moves or enlarges what is buffered when it must.
  struct Space {
    char* data;
    std::size_t size;
  };
  [[nodiscard]] Space space();
  /// `bytes` of the last space() were filled.
  void filled(std::size_t bytes) { end_ += bytes; }

  /// At least this capacity from now on.
  void reserve(std::size_t capacity);
  /// Back to the small capacity, as soon as what is buffered fits.
  void release();
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  void reallocate(std::size_t capacity);

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // of what is buffered
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // bytes from begin_ known to hold no LF
  bool dropping_ = false;     // inside a line that is too long
  Bytes beginning_;           // of it
};

}  // namespace gridmail
