// Result<T>: what a fallible function returns. Exceptions are kept for start-up, cancellation and broken
// streams.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace gridmail {

/// Why something expected to fail sometimes did. Each value is temporary (a retry may succeed) or permanent.
enum class Errc : std::uint8_t {
  // temporary
  unavailable,  ///< the slot, node or grid cannot serve this now; outcome of a write may be unknown
  timed_out,    ///< no answer in time; outcome may be unknown
  busy,         ///< a limit of bytes or work in flight is reached
  no_space,     ///< the disk reserve is reached; only deletions go on
  conflict,     ///< another change came first; read again and retry
  not_primary,  ///< asked a node that is not (or no longer) the slot's opened primary
  io,           ///< the disk or the network failed
  cancelled,    ///< the task was asked to stop
  // permanent
  not_found,       ///< no such user, mailbox, message, key
  already_exists,  ///< the name is taken
  invalid,         ///< the request itself is wrong
  too_large,       ///< over a fixed limit
  denied,          ///< wrong credentials or no right
  corrupted,       ///< stored or received bytes fail their check
  unsupported,     ///< well-formed, but not offered (a newer format, an unknown option)
};

[[nodiscard]] constexpr bool is_temporary(Errc code) {
  return code <= Errc::cancelled;
}
[[nodiscard]] std::string_view name_of(Errc code);

/// An error as a value: the code decides what happens, the text is for people.
struct Error {
  Errc code = Errc::invalid;
  std::string text;

  [[nodiscard]] bool temporary() const { return is_temporary(code); }
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string text = {}) {
  return tl::unexpected<Error>(Error{code, std::move(text)});
}

/// Checks a programmer's assumption; stays on in release builds.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace gridmail

#define GRIDMAIL_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::gridmail::assertion_failed(#expression, __FILE__, __LINE__))
