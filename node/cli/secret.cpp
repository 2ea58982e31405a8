#include "node/cli/secret.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "node/config.hpp"

namespace gridmail::cli {
namespace {

/// Switches the terminal's echo off while it lives.
class EchoOff {
 public:
  EchoOff() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~EchoOff() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string ask(std::string_view question) {
  std::string line;
  {
    const EchoOff quiet;  // before the question: what is typed after it is neither shown nor thrown away
    fmt::print(stderr, "{}: ", question);
    std::getline(std::cin, line);
  }
  fmt::print(stderr, "\n");
  return line;
}

std::string first_line(const std::string& text) {
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

Result<std::string> new_password(const Arguments& arguments, std::string_view whose) {
  std::string password;
  if (const auto file = arguments.find("--password-file"); file != arguments.end()) {
    const auto text = read_file(file->second);
    if (!text) return tl::unexpected(text.error());
    password = first_line(*text);
    if (password.empty())
      return fail(Errc::invalid,
                  fmt::format("the first line of {} is no password: it is empty", file->second));
  } else if (const char* value = std::getenv("GRIDMAIL_PASSWORD"); value != nullptr) {
    password = value;
  } else if (::isatty(STDIN_FILENO) != 0) {
    password = ask(fmt::format("Password of {}", whose));
    if (ask("Once more") != password) return fail(Errc::invalid, "the two passwords differ");
  } else {
    std::getline(std::cin, password);
    if (password.ends_with('\r')) password.pop_back();
  }
  if (password.empty()) {
    return fail(Errc::invalid,
                "no password: give it on standard input, in $GRIDMAIL_PASSWORD or by --password-file");
  }
  return password;
}

Result<std::optional<std::string>> given_join_token(const Arguments& arguments) {
  const auto join = arguments.find("--join"), file = arguments.find("--join-file");
  if (file == arguments.end())
    return join == arguments.end() ? std::optional<std::string>() : std::optional(join->second);
  if (join != arguments.end()) return fail(Errc::invalid, "give --join or --join-file, not both");
  std::string token;
  if (file->second != "-") {
    const auto text = read_file(file->second);
    if (!text) return tl::unexpected(text.error());
    token = first_line(*text);
  } else if (::isatty(STDIN_FILENO) != 0) {
    token = ask("Join token of the grid");
  } else {
    std::getline(std::cin, token);
    token = first_line(token);
  }
  if (token.empty())
    return fail(Errc::invalid, fmt::format("the first line of {} is no token: it is empty", file->second));
  return token;
}

Result<std::string> read_file(const std::string& file) {
  if (file != "-") return gridmail::read_file(file);
  std::ostringstream text;
  text << std::cin.rdbuf();
  return std::move(text).str();
}

}  // namespace gridmail::cli
