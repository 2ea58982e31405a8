#include "protocols/text/charset.hpp"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <memory>

#include "protocols/text/ascii.hpp"

namespace gridmail::text {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

/// Names that mail uses for more than they mean: every user agent reads them as the larger set (WHATWG
/// Encoding).
std::string_view widened(std::string_view charset) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> wider{{
      {"iso-8859-1", "windows-1252"},
      {"latin1", "windows-1252"},
      {"gb2312", "gb18030"},
      {"gbk", "gb18030"},
      {"iso-8859-9", "windows-1254"},
      {"tis-620", "windows-874"},
  }};
  for (const auto& [name, larger] : wider) {
    if (equal_ignoring_case(charset, name)) return larger;
  }
  return charset;
}

/// In place of ICU's own callback, which gives U+001A for single bytes of some charsets.
void write_replacement(const void*, UConverterToUnicodeArgs* arguments, const char*, std::int32_t,
                       UConverterCallbackReason reason, UErrorCode* error) {
  if (reason > UCNV_IRREGULAR) return;  // reset, close, clone: nothing to write
  static constexpr UChar replacement = 0xfffd;
  *error = U_ZERO_ERROR;
  ucnv_cbToUWriteUChars(arguments, &replacement, 1, 0, error);
}

/// Nothing for an unknown name. ICU would take other names as options or as paths of data files.
Converter open_converter(std::string_view charset) {
  const auto belongs_in_name = [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == '+';
  };
  if (charset.empty() || charset.size() > 60 ||
      !std::all_of(charset.begin(), charset.end(), belongs_in_name)) {
    return nullptr;
  }
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(std::string(widened(charset)).c_str(), &error));
  if (U_FAILURE(error)) return nullptr;
  ucnv_setToUCallBack(converter.get(), write_replacement, nullptr, nullptr, nullptr, &error);
  return converter;
}

/// Through ICU's pivot in pieces, so that a large body is never held in UTF-16.
std::string convert(UConverter* from, BytesView bytes) {
  UErrorCode error = U_ZERO_ERROR;
  const Converter to(ucnv_open("UTF-8", &error));
  std::string out;
  if (U_FAILURE(error)) return out;
  out.reserve(bytes.size() + bytes.size() / 8);

  std::array<UChar, 2048> pivot;
  std::array<char, 8192> piece;
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
  const char* source = bytes.data();
  const char* const source_end = source + bytes.size();
  UBool reset = true;
  do {
    char* target = piece.data();
    error = U_ZERO_ERROR;
    ucnv_convertEx(to.get(), from, &target, piece.data() + piece.size(), &source, source_end, pivot.data(),
                   &pivot_source, &pivot_target, pivot.data() + pivot.size(), reset, true, &error);
    out.append(piece.data(), target);
    reset = false;
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  return out;
}

bool means_ascii(std::string_view charset) {
  return equal_ignoring_case(charset, "us-ascii") || equal_ignoring_case(charset, "ascii");
}

bool means_utf8(std::string_view charset) {
  return equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "utf8");
}

}  // namespace

bool is_utf8(BytesView bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto length = static_cast<std::int64_t>(bytes.size());
  for (std::int64_t at = 0; at < length;) {
    UChar32 c = 0;
    U8_NEXT(data, at, length, c);
    if (c < 0) return false;
  }
  return true;
}

bool is_known_charset(std::string_view charset) {
  return means_ascii(charset) || open_converter(charset) != nullptr;
}

std::string guess_utf8(BytesView bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  const auto converter = open_converter("windows-1252");
  return converter ? convert(converter.get(), bytes) : std::string();
}

std::string to_utf8(BytesView bytes, std::string_view charset) {
  if (means_ascii(charset) || charset.empty()) return guess_utf8(bytes);
  if (means_utf8(charset) && is_utf8(bytes)) return std::string(bytes);
  const auto converter = open_converter(charset);
  return converter ? convert(converter.get(), bytes) : guess_utf8(bytes);
}

}  // namespace gridmail::text
