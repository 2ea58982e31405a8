#include "protocols/imap/session_state.hpp"

#include <utility>

#include "node/base/result.hpp"

namespace gridmail::imap {

const ports::Account& SessionState::account() const {
  GRIDMAIL_ASSERT(account_.has_value());
  return *account_;
}

void SessionState::log_in(ports::Account account) {
  GRIDMAIL_ASSERT(state_ == State::not_authenticated);
  account_ = std::move(account);
  state_ = State::authenticated;
}

void SessionState::select(std::unique_ptr<SelectedMailbox> mailbox) {
  GRIDMAIL_ASSERT(account_.has_value() && mailbox != nullptr);
  selected_ = std::move(mailbox);
  state_ = State::selected;
}

void SessionState::unselect() {
  selected_.reset();
  if (state_ == State::selected) state_ = State::authenticated;
}

bool SessionState::count_command(bool wrong, unsigned bad_commands_max) {
  bad_commands_ = wrong ? bad_commands_ + 1 : 0;
  return bad_commands_ >= bad_commands_max;
}

}  // namespace gridmail::imap
