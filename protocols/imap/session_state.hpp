// SessionState: RFC 3501, section 3, as one value with its transitions. Pure.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "protocols/imap/selected_mailbox.hpp"
#include "protocols/ports/directory.hpp"

namespace gridmail::imap {

/// Bits, so that a command can name all states in which it is allowed.
enum class State : std::uint8_t { not_authenticated = 1, authenticated = 2, selected = 4, logout = 8 };

using StateSet = std::uint8_t;
[[nodiscard]] constexpr StateSet operator|(State a, State b) {
  return static_cast<StateSet>(static_cast<StateSet>(a) | static_cast<StateSet>(b));
}
[[nodiscard]] constexpr StateSet operator|(StateSet a, State b) {
  return static_cast<StateSet>(a | static_cast<StateSet>(b));
}

/// Invariants: there is an account in the states authenticated and selected, and a mailbox in selected only.
class SessionState {
 public:
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool allows(StateSet states) const { return (static_cast<StateSet>(state_) & states) != 0; }
  [[nodiscard]] bool is_over() const { return state_ == State::logout; }
  [[nodiscard]] bool is_logged_in() const { return account_.has_value(); }

  /// Requires a logged-in session.
  [[nodiscard]] const ports::Account& account() const;
  [[nodiscard]] UserId user() const { return account().id; }
  /// Null when no mailbox is selected.
  [[nodiscard]] SelectedMailbox* selected() const { return selected_.get(); }

  // Transitions: the numbers are those of the diagram in section 3.
  void log_in(ports::Account account);                    ///< (4)
  void select(std::unique_ptr<SelectedMailbox> mailbox);  ///< (5); in place of one that was selected
  void unselect();                                        ///< (6); also a failed SELECT
  void log_out() { state_ = State::logout; }              ///< (7)

  /// Counts wrong commands in a row. True when there were too many.
  bool count_command(bool wrong, unsigned bad_commands_max);
  /// Counts failed log-ins of this connection.
  unsigned count_failed_login() { return ++failed_logins_; }

 private:
  State state_ = State::not_authenticated;
  std::optional<ports::Account> account_;
  std::unique_ptr<SelectedMailbox> selected_;
  unsigned bad_commands_ = 0;
  unsigned failed_logins_ = 0;
};

}  // namespace gridmail::imap
