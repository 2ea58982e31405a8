#include "protocols/imap/commands/command_table.hpp"

namespace gridmail::imap {
namespace {

constexpr StateSet any_state = State::not_authenticated | State::authenticated | State::selected;
constexpr StateSet before_login = static_cast<StateSet>(State::not_authenticated);
constexpr StateSet authenticated_only = static_cast<StateSet>(State::authenticated);
constexpr StateSet logged_in = State::authenticated | State::selected;
constexpr StateSet selected_only = static_cast<StateSet>(State::selected);

constexpr CommandEntry table[] = {
    {"AUTHENTICATE", before_login, run_authenticate, AfterCommand::nothing},
    {"CAPABILITY", any_state, run_capability, AfterCommand::nothing},
    {"CHECK", selected_only, run_noop, AfterCommand::refresh},
    {"CLOSE", selected_only, run_close, AfterCommand::nothing},
    {"COPY", selected_only, run_copy, AfterCommand::may_refresh},
    {"CREATE", logged_in, run_create, AfterCommand::may_refresh},
    {"DELETE", logged_in, run_delete, AfterCommand::may_refresh},
    {"ENABLE", authenticated_only, run_enable, AfterCommand::nothing},
    {"EXAMINE", logged_in, run_select, AfterCommand::nothing},
    {"EXPUNGE", selected_only, run_expunge, AfterCommand::may_refresh},
    {"FETCH", selected_only, run_fetch, AfterCommand::may_refresh},
    {"ID", any_state, run_id, AfterCommand::nothing},
    {"IDLE", logged_in, run_idle, AfterCommand::nothing},
    {"LIST", logged_in, run_list, AfterCommand::may_refresh},
    {"LOGIN", before_login, run_login, AfterCommand::nothing},
    {"LOGOUT", any_state, run_logout, AfterCommand::nothing},
    {"LSUB", logged_in, run_lsub, AfterCommand::may_refresh},
    {"MOVE", selected_only, run_move, AfterCommand::may_refresh},
    {"NAMESPACE", logged_in, run_namespace, AfterCommand::nothing},
    {"NOOP", any_state, run_noop, AfterCommand::refresh},
    {"RENAME", logged_in, run_rename, AfterCommand::may_refresh},
    {"SEARCH", selected_only, run_search, AfterCommand::may_refresh},
    {"SELECT", logged_in, run_select, AfterCommand::nothing},
    {"STARTTLS", before_login, run_starttls, AfterCommand::nothing},
    {"STATUS", logged_in, run_status, AfterCommand::may_refresh},
    {"STORE", selected_only, run_store, AfterCommand::may_refresh},
    {"SUBSCRIBE", logged_in, run_subscribe, AfterCommand::may_refresh},
    {"UNSELECT", selected_only, run_unselect, AfterCommand::nothing},
    {"UNSUBSCRIBE", logged_in, run_subscribe, AfterCommand::may_refresh},
};

bool is_switched_off(std::string_view name, const Extensions& extensions) {
  return (name == "IDLE" && !extensions.idle) || (name == "MOVE" && !extensions.move);
}

}  // namespace

const CommandEntry* find_command(std::string_view name, const Settings& settings) {
  if (is_switched_off(name, settings.extensions)) return nullptr;
  for (const auto& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool allows_expunge_responses(const Command& command) {
  if (command.uid) return true;
  return command.name != "FETCH" && command.name != "STORE" && command.name != "SEARCH";
}

}  // namespace gridmail::imap
