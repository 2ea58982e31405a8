#include "protocols/text/modified_utf7.hpp"

#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace gridmail::text {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

constexpr bool is_printable_ascii(UChar32 c) {
  return c >= 0x20 && c <= 0x7e;
}

/// Writes UTF-16 units as modified base64: "/" is ",", no padding.
class Shifted {
 public:
  explicit Shifted(std::string& out) : out_(out) {}
  void add(std::uint16_t unit) {
    if (!open_) out_.push_back('&');
    open_ = true;
    bits_ = bits_ << 16 | unit;
    count_ += 16;
    while (count_ >= 6) {
      count_ -= 6;
      out_.push_back(alphabet[bits_ >> count_ & 63]);
    }
  }
  void close() {
    if (!open_) return;
    if (count_ > 0) out_.push_back(alphabet[bits_ << (6 - count_) & 63]);
    out_.push_back('-');
    open_ = false;
    count_ = 0;
  }

 private:
  std::string& out_;
  std::uint32_t bits_ = 0;
  unsigned count_ = 0;
  bool open_ = false;
};

void append_utf8(std::string& out, UChar32 c) {
  char buffer[U8_MAX_LENGTH];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(buffer, length, c);
  out.append(buffer, static_cast<std::size_t>(length));
}

/// What stands between "&" and "-", as UTF-8; nothing when it is not the one right form.
std::optional<std::string> decode_shifted(std::string_view encoded) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  UChar32 lead = 0;
  for (const char c : encoded) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 16) continue;
    count -= 16;
    const UChar32 unit = static_cast<UChar32>(bits >> count & 0xffff);
    if (lead != 0) {
      if (!U16_IS_TRAIL(unit)) return std::nullopt;
      append_utf8(out, U16_GET_SUPPLEMENTARY(lead, unit));
      lead = 0;
    } else if (U16_IS_LEAD(unit)) {
      lead = unit;
    } else if (U16_IS_TRAIL(unit) || is_printable_ascii(unit) || unit == 0) {
      return std::nullopt;  // "modified BASE64 MUST NOT be used to represent any printing US-ASCII character"
    } else {
      append_utf8(out, unit);
    }
  }
  const bool superfluous = count >= 6 || (bits & ((1U << count) - 1)) != 0;
  if (lead != 0 || superfluous || out.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::string to_modified_utf7(std::string_view utf8) {
  std::string out;
  Shifted shifted(out);
  const auto* data = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto length = static_cast<std::int64_t>(utf8.size());
  for (std::int64_t at = 0; at < length;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(data, at, length, c);
    if (is_printable_ascii(c)) {
      shifted.close();
      out.push_back(static_cast<char>(c));
      if (c == '&') out.push_back('-');
    } else if (c > 0xffff) {
      shifted.add(U16_LEAD(c));
      shifted.add(U16_TRAIL(c));
    } else {
      shifted.add(static_cast<std::uint16_t>(c));
    }
  }
  shifted.close();
  return out;
}

std::optional<std::string> from_modified_utf7(std::string_view name) {
  std::string out;
  bool after_shift = false;
  while (!name.empty()) {
    const char c = name.front();
    if (!is_printable_ascii(static_cast<unsigned char>(c))) return std::nullopt;
    if (c != '&') {
      out.push_back(c);
      name.remove_prefix(1);
      after_shift = false;
      continue;
    }
    const auto end = name.find('-');
    if (end == std::string_view::npos) return std::nullopt;
    if (end == 1) {
      out.push_back('&');
      after_shift = false;
    } else {
      const auto decoded = decode_shifted(name.substr(1, end - 1));
      if (!decoded || after_shift) return std::nullopt;  // "&…-&…-": superfluous shifts are not permitted
      out += *decoded;
      after_shift = true;
    }
    name.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace gridmail::text
