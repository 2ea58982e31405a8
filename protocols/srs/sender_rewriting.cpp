#include "protocols/srs/sender_rewriting.hpp"

#include <sodium/crypto_auth_hmacsha256.h>

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::srs {
namespace {

constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t hash_characters = 8;  // 40 bits: guessing one takes years of mail
constexpr std::int64_t days_counted = 1024;
constexpr std::size_t local_part_bytes_max = 200;

std::int64_t day_of(WallMicros now) {
  return now / 1'000'000 / 86'400 % days_counted;
}

std::string day_text(std::int64_t day) {
  return {base32[static_cast<std::size_t>(day / 32)], base32[static_cast<std::size_t>(day % 32)]};
}

std::optional<std::int64_t> day_in(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  const auto high = base32.find(text::upper(text[0])), low = base32.find(text::upper(text[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<std::int64_t>(32 * high + low);
}

/// Of the text without its case, which mail systems may change.
std::string hash_of(const std::string& text, BytesView secret) {
  const std::string lower = text::to_lower(text);
  unsigned char mac[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(lower.data()), lower.size());
  crypto_auth_hmacsha256_final(&state, mac);
  std::string hash;
  for (std::size_t i = 0; i < hash_characters; ++i) {
    const std::size_t bit = 5 * i;
    const unsigned pair = static_cast<unsigned>(mac[bit / 8] << 8 | mac[bit / 8 + 1]);
    hash.push_back(base32[pair >> (11 - bit % 8) & 31]);
  }
  return hash;
}

bool is_separator(char c) {
  return c == '=' || c == '-' || c == '+';
}

/// Takes what stands before the next "=".
std::optional<std::string_view> take_part(std::string_view& text) {
  const auto end = text.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const auto part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

struct Address {
  std::string_view local, domain;
};
bool is_plain(std::string_view text) {
  constexpr std::string_view odd = "\"\\ ()<>[]:;,@";
  return !text.empty() && std::none_of(text.begin(), text.end(), [&](char c) {
    return odd.find(c) != std::string_view::npos || static_cast<unsigned char>(c) < ' ' || c == 127;
  });
}

/// Only what stands in an address without quotes.
std::optional<Address> parse(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  const Address parts{address.substr(0, at), address.substr(at + 1)};
  const bool fits =
      is_plain(parts.local) && is_plain(parts.domain) && parts.domain.find('=') == std::string_view::npos;
  return fits ? std::optional(parts) : std::nullopt;
}

bool begins(std::string_view local, char digit) {
  return is_rewritten(local) && local[3] == digit;
}

std::string guarded(const std::string& hashed, BytesView secret, std::string_view scheme) {
  return std::string(scheme) + hash_of(hashed, secret) + "=" + hashed;
}

}  // namespace

bool is_rewritten(std::string_view local_part) {
  return local_part.size() > 5 && text::starts_with_ignoring_case(local_part, "SRS") &&
         (local_part[3] == '0' || local_part[3] == '1') && is_separator(local_part[4]);
}

std::optional<std::string> rewritten_sender(std::string_view sender, std::string_view via, BytesView secret,
                                            WallMicros now) {
  const auto parts = parse(sender);
  if (!parts || secret.empty() || via.empty()) return std::nullopt;
  std::string local;
  if (begins(parts->local, '0')) {
    // The host that rewrote it first, and what follows "SRS0" there, separator included.
    local = guarded(std::string(parts->domain) + "=" + std::string(parts->local.substr(4)), secret, "SRS1=");
  } else if (begins(parts->local, '1')) {
    auto rest = parts->local.substr(5);
    if (!take_part(rest)) return std::nullopt;
    auto behind = rest;
    const auto host = take_part(behind);
    if (!host || host->empty() || behind.empty() || !is_separator(behind.front())) return std::nullopt;
    local = guarded(std::string(rest), secret, "SRS1=");
  } else {
    local =
        guarded(day_text(day_of(now)) + "=" + std::string(parts->domain) + "=" + std::string(parts->local),
                secret, "SRS0=");
  }
  if (local.size() > local_part_bytes_max) return std::nullopt;
  return local + "@" + std::string(via);
}

std::optional<std::string> original_sender(std::string_view address, BytesView secret, WallMicros now) {
  const auto parts = parse(address);
  if (!parts || secret.empty() || !is_rewritten(parts->local)) return std::nullopt;
  auto rest = parts->local.substr(5);
  const auto hash = take_part(rest);
  if (!hash || !text::equal_ignoring_case(*hash, hash_of(std::string(rest), secret))) return std::nullopt;
  if (parts->local[3] == '1') {
    const auto host = take_part(rest);
    if (!host || host->empty() || rest.empty() || !is_separator(rest.front())) return std::nullopt;
    return "SRS0" + std::string(rest) + "@" + std::string(*host);
  }
  const auto day_part = take_part(rest);
  const auto domain = take_part(rest);
  const auto day = day_part ? day_in(*day_part) : std::nullopt;
  if (!day || !domain || domain->empty() || rest.empty()) return std::nullopt;
  if ((day_of(now) - *day + days_counted) % days_counted > days_valid) return std::nullopt;
  return std::string(rest) + "@" + std::string(*domain);
}

}  // namespace gridmail::srs
