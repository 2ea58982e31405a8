#include "protocols/text/normalization.hpp"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/idna.h>
#include <unicode/normalizer2.h>

#include <algorithm>
#include <memory>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::text {
namespace {

constexpr std::size_t label_bytes_max = 63;     // RFC 1035, section 2.3.4
constexpr std::size_t domain_bytes_max = 253;   // likewise, as text
constexpr std::size_t address_bytes_max = 512;  // more than RFC 5321, section 4.5.3.1 asks for
constexpr std::int32_t idna_options = UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                      UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE;

icu::StringPiece piece_of(std::string_view text) {
  return {text.data(), static_cast<std::int32_t>(text.size())};
}

/// Letters, digits and inner hyphens; "_" too, since some hosts have it.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_bytes_max || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; });
}

bool is_ascii_domain(std::string_view domain) {
  if (domain.size() > domain_bytes_max) return false;
  while (true) {
    const auto dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

/// RFC 5321, section 4.1.3; only its outline is checked here.
bool is_address_literal(std::string_view domain) {
  if (domain.size() < 3 || domain.front() != '[' || domain.back() != ']') return false;
  const auto inner = domain.substr(1, domain.size() - 2);
  return std::all_of(inner.begin(), inner.end(),
                     [](char c) { return c > ' ' && c < 127 && c != '[' && c != ']'; });
}

/// RFC 5891 over ICU's UTS #46; nothing when a label is not allowed.
std::optional<std::string> idna_to_ascii(std::string_view domain) {
  UErrorCode error = U_ZERO_ERROR;
  // Made once: building it is costly, using it is thread-safe.
  static const std::unique_ptr<const icu::IDNA> idna(icu::IDNA::createUTS46Instance(idna_options, error));
  if (!idna || U_FAILURE(error)) return std::nullopt;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  icu::IDNAInfo info;
  idna->nameToASCII_UTF8(piece_of(domain), sink, info, error);
  if (U_FAILURE(error) || info.hasErrors()) return std::nullopt;
  return out;
}

std::optional<std::string> normalize(const icu::Normalizer2* normalizer, std::string_view utf8,
                                     UErrorCode error) {
  if (U_FAILURE(error) || !is_utf8(utf8)) return std::nullopt;
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(utf8.size()));
  normalizer->normalizeUTF8(0, piece_of(utf8), sink, nullptr, error);
  if (U_FAILURE(error)) return std::nullopt;
  return out;
}

/// Case-folded as a canonical caseless match wants it (Unicode, section 3.13, D145): decomposed first; then
/// composed.
std::optional<std::string> fold_case(std::string_view utf8) {
  if (is_ascii(utf8)) return to_lower(utf8);
  UErrorCode error = U_ZERO_ERROR;
  const auto* const decompose = icu::Normalizer2::getNFDInstance(error);
  const auto decomposed = normalize(decompose, utf8, error);
  if (!decomposed) return std::nullopt;
  std::string folded;
  icu::StringByteSink<std::string> sink(&folded);
  icu::CaseMap::utf8Fold(0, piece_of(*decomposed), sink, nullptr, error);
  if (U_FAILURE(error)) return std::nullopt;
  return to_nfc(folded);
}

/// atext of RFC 5322, section 3.2.3, with the non-ASCII of RFC 6532.
bool is_atext(char c) {
  return is_alpha(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// What a local part means: quotes and backslashes undone. Nothing when it is not one.
std::optional<std::string> unquote_local_part(std::string_view local) {
  if (local.empty()) return std::nullopt;
  if (local.front() != '"') {
    const bool atoms =
        std::all_of(local.begin(), local.end(), [](char c) { return is_atext(c) || c == '.'; });
    return atoms ? std::optional<std::string>(local) : std::nullopt;
  }
  std::string out;
  for (std::size_t at = 1; at < local.size(); ++at) {
    const char c = local[at];
    if (c == '"') return at + 1 == local.size() ? std::optional(out) : std::nullopt;
    if (c == '\\' && ++at == local.size()) break;
    if (static_cast<unsigned char>(local[at]) < ' ' || local[at] == 127) return std::nullopt;
    out.push_back(local[at]);
  }
  return std::nullopt;  // no closing quote
}

std::string quote_where_needed(std::string_view local) {
  const bool atoms = std::all_of(local.begin(), local.end(), [](char c) { return is_atext(c) || c == '.'; });
  if (atoms && !local.empty()) return std::string(local);
  std::string out = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + '"';
}

}  // namespace

std::optional<std::string> to_nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  UErrorCode error = U_ZERO_ERROR;
  const auto* const normalizer = icu::Normalizer2::getNFCInstance(error);
  return normalize(normalizer, utf8, error);
}

std::optional<std::string> to_ascii_domain(std::string_view domain) {
  if (domain.size() > 4 * domain_bytes_max) return std::nullopt;
  if (is_address_literal(domain)) return to_lower(domain);
  if (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
  auto ascii = to_lower(domain);
  // An A-label that is there already is checked by decoding it.
  if (!is_ascii(domain) || ascii.find("xn--") != std::string::npos) {
    auto converted = idna_to_ascii(domain);
    if (!converted) return std::nullopt;
    ascii = std::move(*converted);
  }
  if (!is_ascii_domain(ascii)) return std::nullopt;
  return ascii;
}

std::optional<std::string> canonical_address(std::string_view address) {
  if (address.size() > address_bytes_max) return std::nullopt;
  if (equal_ignoring_case(address, "postmaster")) return "postmaster";  // RFC 5321, section 4.1.1.3
  // Neither a domain nor a literal holds "@"; a quoted local part may.
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto local = unquote_local_part(address.substr(0, at));
  const auto domain = to_ascii_domain(address.substr(at + 1));
  if (!local || !domain) return std::nullopt;
  const auto folded = fold_case(*local);
  if (!folded) return std::nullopt;
  return quote_where_needed(*folded) + '@' + *domain;
}

}  // namespace gridmail::text
