#include "protocols/text/encoded_word.hpp"

#include <algorithm>
#include <optional>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"
#include "protocols/text/transfer_encoding.hpp"

namespace gridmail::text {
namespace {

/// encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="   (RFC 2047, section 2; RFC
/// 2231, section 5). Spaces within encoded-text are tolerated: some mailers forget to write them as "_".
struct EncodedWord {
  std::string_view charset;
  Bytes octets;
  std::size_t length = 0;  ///< of the word as written
};

/// Section 4.2.
Bytes decode_q(BytesView text) {
  Bytes underscored(text);
  std::replace(underscored.begin(), underscored.end(), '_', ' ');
  // A blank at the end means itself here, but would be dropped as one at a line's end.
  underscored.push_back('.');
  auto octets = decode_quoted_printable(underscored);
  octets.pop_back();
  return octets;
}

/// The word that `text`, which begins with "=?", starts with.
std::optional<EncodedWord> read_word(BytesView text) {
  const auto charset_end = text.find('?', 2);
  if (charset_end == BytesView::npos || charset_end == 2 || charset_end + 2 >= text.size())
    return std::nullopt;
  const char encoding = lower(text[charset_end + 1]);
  if (text[charset_end + 2] != '?' || (encoding != 'b' && encoding != 'q')) return std::nullopt;
  const auto start = charset_end + 3;
  const auto end = text.find('?', start);
  if (end == BytesView::npos || end + 1 >= text.size() || text[end + 1] != '=') return std::nullopt;

  EncodedWord word;
  word.charset = text.substr(2, charset_end - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));
  if (word.charset.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
  const auto encoded = text.substr(start, end - start);
  word.octets = encoding == 'b' ? decode_base64(encoded) : decode_q(encoded);
  word.length = end + 2;
  return word;
}

/// Puts text together; octets of adjacent words wait until their charset ends, since characters may be split.
class Assembler {
 public:
  void add_word(const EncodedWord& word) {
    if (!equal_ignoring_case(word.charset, charset_)) flush();
    charset_ = word.charset;
    octets_ += word.octets;
    after_word_ = true;
  }
  void add_text(BytesView text) {
    if (text.empty()) return;
    const bool blank = std::all_of(text.begin(), text.end(), is_blank);
    if (blank && after_word_) {
      blanks_ += text;  // dropped when another word follows
      return;
    }
    flush();
    out_ += guess_utf8(text);
    after_word_ = false;
  }
  void before_word() { blanks_.clear(); }
  std::string take() && {
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    out_ += to_utf8(octets_, charset_);
    out_ += blanks_;
    octets_.clear();
    blanks_.clear();
  }
  std::string out_, blanks_;
  std::string_view charset_;
  Bytes octets_;
  bool after_word_ = false;
};

}  // namespace

std::string decode_header_text(BytesView value) {
  Bytes line;
  line.reserve(value.size());
  std::copy_if(value.begin(), value.end(), std::back_inserter(line),
               [](char c) { return c != '\r' && c != '\n'; });

  Assembler assembler;
  const BytesView text = line;
  std::size_t plain = 0;  // where text that was not handed on yet begins
  for (std::size_t at = text.find("=?"); at != BytesView::npos; at = text.find("=?", at)) {
    const auto word = read_word(text.substr(at));
    if (!word) {
      at += 2;
      continue;
    }
    assembler.add_text(text.substr(plain, at - plain));
    assembler.before_word();
    assembler.add_word(*word);
    at += word->length;
    plain = at;
  }
  assembler.add_text(text.substr(plain));
  return std::move(assembler).take();
}

}  // namespace gridmail::text
