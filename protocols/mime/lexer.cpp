#include "protocols/mime/lexer.hpp"

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

/// tspecials and what cannot be printed end a token.
bool ends_token(char c) {
  return (static_cast<unsigned char>(c) <= ' ') || c == 127 ||
         std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos;
}

}  // namespace

/// comment = "(" *(ctext / quoted-pair / comment) ")": counted, not recursed, since they may nest at will.
void Lexer::skip_comment() {
  std::size_t depth = 0;
  std::size_t at = 0;
  for (; at < rest_.size(); ++at) {
    const char c = rest_[at];
    if (c == '\\') {
      ++at;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth == 0) {
      ++at;
      break;
    }
  }
  rest_.remove_prefix(std::min(at, rest_.size()));
}

void Lexer::skip_blanks_and_comments() {
  while (!rest_.empty()) {
    if (rest_.front() == '(') {
      skip_comment();
    } else if (text::is_blank(rest_.front())) {
      rest_.remove_prefix(1);
    } else {
      return;
    }
  }
}

std::string_view Lexer::take_token() {
  skip_blanks_and_comments();
  std::size_t length = 0;
  while (length < rest_.size() && !ends_token(rest_[length])) ++length;
  const auto token = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return token;
}

std::string_view Lexer::take_until(std::string_view stops) {
  skip_blanks_and_comments();
  const auto taken = rest_.substr(0, rest_.find_first_of(stops));
  rest_.remove_prefix(taken.size());
  return text::trim(taken);
}

std::string Lexer::take_quoted() {
  std::string value;
  std::size_t at = 1;
  for (; at < rest_.size() && rest_[at] != '"'; ++at) {
    if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
    value.push_back(rest_[at]);
  }
  rest_.remove_prefix(std::min(at + 1, rest_.size()));
  return value;
}

std::string Lexer::take_value() {
  skip_blanks_and_comments();
  if (!rest_.empty() && rest_.front() == '"') return take_quoted();
  std::size_t length = 0;
  // A parenthesis begins a comment only after a blank: "report(1).pdf" occurs.
  while (length < rest_.size() && rest_[length] != ';' &&
         !(rest_[length] == '(' && text::is_blank(rest_[length - 1]))) {
    ++length;
  }
  const auto value = text::trim(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return std::string(value);
}

bool Lexer::at(char c) {
  skip_blanks_and_comments();
  return !rest_.empty() && rest_.front() == c;
}

bool Lexer::take(char c) {
  if (!at(c)) return false;
  rest_.remove_prefix(1);
  return true;
}

bool Lexer::skip_past(char c) {
  while (!rest_.empty()) {
    const char next = rest_.front();
    if (next == '(') {
      skip_comment();
    } else if (next == '"') {
      static_cast<void>(take_quoted());
    } else {
      rest_.remove_prefix(1);
      if (next == c) return true;
    }
  }
  return false;
}

}  // namespace gridmail::mime
