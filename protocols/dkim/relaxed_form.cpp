#include "protocols/dkim/relaxed_form.hpp"

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::dkim {
namespace {

constexpr std::size_t hashed_at_once = 16 * 1024;

}  // namespace

Bytes relaxed_field(const mime::Field& field) {
  Bytes relaxed;
  for (const char c : field.name) relaxed.push_back(text::lower(c));
  relaxed.push_back(':');
  bool blank = false, begun = false;
  for (const char c : field.value) {
    if (c == '\r' || c == '\n') continue;  // unfolded: the blank that follows stays
    if (text::is_blank(c)) {
      blank = true;
      continue;
    }
    if (blank && begun) relaxed.push_back(' ');
    blank = false;
    begun = true;
    relaxed.push_back(c);
  }
  return relaxed;
}

BodyHash::BodyHash() {
  crypto_hash_sha256_init(&state_);
  relaxed_.reserve(2 * hashed_at_once);
}

/// `text` holds neither blanks nor line ends.
void BodyHash::put(BytesView text) {
  for (; line_ends_ > 0; --line_ends_) relaxed_ += "\r\n";
  if (blank_) relaxed_.push_back(' ');
  blank_ = false;
  is_empty_ = false;
  relaxed_ += text;
  if (relaxed_.size() < hashed_at_once) return;
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(relaxed_.data()),
                            relaxed_.size());
  relaxed_.clear();
}

void BodyHash::feed(BytesView piece) {
  while (!piece.empty()) {
    const char c = piece.front();
    if (carriage_return_ && c != '\n') put("\r");  // one that ends no line is text
    if (carriage_return_ && c == '\n') {
      ++line_ends_;
      blank_ = false;
    }
    std::size_t taken = 1;
    const bool ends_line = carriage_return_ && c == '\n';
    carriage_return_ = c == '\r';
    if (text::is_blank(c)) {
      blank_ = true;
    } else if (!ends_line && !carriage_return_) {
      taken = std::min(piece.find_first_of(" \t\r"), piece.size());
      put(piece.substr(0, taken));
    }
    piece.remove_prefix(taken);
  }
}

Bytes BodyHash::finish() {
  if (carriage_return_) put("\r");
  if (!is_empty_) relaxed_ += "\r\n";
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(relaxed_.data()),
                            relaxed_.size());
  Bytes hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

}  // namespace gridmail::dkim
