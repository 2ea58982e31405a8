// Parameters of MAIL and RCPT (RFC 5321, section 4.1.2), and the values that RFC 3461 and RFC 6533 give them.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocols/ports/delivery.hpp"

namespace gridmail::smtp {

/// esmtp-param = esmtp-keyword ["=" esmtp-value]; views into the line.
struct Parameter {
  std::string_view keyword;
  std::string_view value;
  /// The value may hold UTF-8 (RFC 6531, section 3.3).
  [[nodiscard]] bool is_well_formed() const;
  [[nodiscard]] bool is(std::string_view name) const;  ///< in any case
};

/// Cuts the first parameter off; nothing at the end.
[[nodiscard]] std::optional<Parameter> take_parameter(std::string_view& rest);

/// size-value = 1*20DIGIT (RFC 1870, section 3); over 64 bits it is the largest number.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view digits);

/// notify-esmtp-value (RFC 3461, section 4.1): a set of ports::Notify.
[[nodiscard]] std::optional<std::uint8_t> parse_notify(std::string_view value);
[[nodiscard]] std::optional<ports::Returned> parse_returned(std::string_view value);
/// envid-parameter (RFC 3461, section 4.4): xtext of at most 100 bytes.
[[nodiscard]] bool is_envelope_id(std::string_view value);
/// addr-type ";" xtext, of at most 500 bytes (RFC 3461, section 4.2); of type utf-8 the address may also be
/// written in UTF-8 or with \x{HEX} (RFC 6533, section 3).
[[nodiscard]] bool is_original_recipient(std::string_view value);

}  // namespace gridmail::smtp
