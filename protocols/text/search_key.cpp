#include "protocols/text/search_key.hpp"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <cstring>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::text {
namespace {

/// memmem is linear in the worst case, std::string::find is not.
bool contains(std::string_view text, std::string_view key) {
  return memmem(text.data(), text.size(), key.data(), key.size()) != nullptr;
}

}  // namespace

std::string fold(std::string_view utf8) {
  if (is_ascii(utf8)) return to_lower(utf8);
  if (!is_utf8(utf8)) return fold(to_utf8(utf8, "utf-8"));
  UErrorCode error = U_ZERO_ERROR;
  const auto* const normalizer = icu::Normalizer2::getNFKCCasefoldInstance(error);
  std::string out;
  if (U_FAILURE(error)) return to_lower(utf8);
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(utf8.size()));
  normalizer->normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())), sink,
                            nullptr, error);
  return U_SUCCESS(error) ? out : to_lower(utf8);
}

SearchKey::SearchKey(std::string_view utf8) : folded_(fold(utf8)), ascii_(is_ascii(folded_)) {}

bool SearchKey::found_in(std::string_view utf8) const {
  if (folded_.empty()) return true;
  if (is_ascii(utf8)) return ascii_ && found_in_ascii(utf8);
  return contains(fold(utf8), folded_);
}

bool SearchKey::found_in_ascii(std::string_view text) const {
  // Slices overlap by one byte less than the key, so that no match is cut.
  const std::size_t slice = std::max<std::size_t>(64 * 1024, 4 * folded_.size());
  std::string lowered;
  for (std::size_t at = 0; at < text.size(); at += slice - folded_.size() + 1) {
    lowered.resize(std::min(slice, text.size() - at));
    std::transform(text.begin() + static_cast<std::ptrdiff_t>(at),
                   text.begin() + static_cast<std::ptrdiff_t>(at + lowered.size()), lowered.begin(), lower);
    if (contains(lowered, folded_)) return true;
  }
  return false;
}

}  // namespace gridmail::text
