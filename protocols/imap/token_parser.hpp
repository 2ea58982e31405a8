// TokenParser: the terminals of RFC 3501, section 9, read from one command. The grammar's rules are built
// from it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/frame_parser.hpp"
#include "protocols/imap/sequence_set.hpp"
#include "protocols/ports/mailboxes.hpp"
#include "protocols/text/date.hpp"

namespace gridmail::imap {

/// Errors stick: after the first one every call gives an empty value and takes nothing, and failure() says
/// what was wrong. So rules read like the grammar, and look at failed() only where they loop. The command
/// must outlive it.
class TokenParser {
 public:
  explicit TokenParser(const RawCommand& command) : line_(command.line), literals_(command.literals) {}

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
  void fail(std::string text);

  [[nodiscard]] bool at_end() const { return position_ == line_.size(); }
  /// The next byte, or NUL at the end and after a failure.
  [[nodiscard]] char peek() const { return failed() || at_end() ? '\0' : line_[position_]; }
  /// What is not yet read.
  [[nodiscard]] std::string_view rest() const { return line_.substr(position_); }

  /// Takes the byte when it is next.
  bool accept(char c);
  /// Takes the word, in any case, when it is next.
  bool accept_word(std::string_view word);
  void expect(char c);
  void space() { expect(' '); }
  /// Nothing may follow.
  void end();

  [[nodiscard]] std::string tag();
  [[nodiscard]] std::string atom();
  /// Letters, digits, '.' and '-': a keyword of the grammar, in upper case.
  [[nodiscard]] std::string word();
  [[nodiscard]] std::string string();
  [[nodiscard]] std::string astring();
  [[nodiscard]] std::string list_mailbox();
  /// NIL gives nothing.
  [[nodiscard]] std::optional<std::string> nstring();
  [[nodiscard]] std::uint32_t number();
  [[nodiscard]] std::uint64_t number64();
  [[nodiscard]] std::uint32_t nz_number();
  [[nodiscard]] SequenceSet sequence_set();
  /// One flag is added to `flags`.
  void flag(ports::Flags& flags);
  /// "(" [flag *(SP flag)] ")"
  [[nodiscard]] ports::Flags flag_list();
  [[nodiscard]] text::Day date();
  [[nodiscard]] text::DateTime date_time();

 private:
  template <class Allowed>
  std::string_view take_while(Allowed allowed);
  [[nodiscard]] std::string quoted();
  [[nodiscard]] std::string literal();

  std::string_view line_;
  const std::vector<std::string>& literals_;
  std::size_t position_ = 0;
  std::size_t next_literal_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace gridmail::imap
