#include "protocols/imap/commands/login.hpp"

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"
#include "protocols/imap/capability.hpp"

namespace gridmail::imap {
namespace {

metrics::Outcomes log_ins{"imap_log_ins_total", "Passwords that were checked."};

}  // namespace

std::optional<Reply> refuse_without_privacy(CommandContext& context) {
  if (may_log_in(context.settings, context.connection.stream())) return std::nullopt;
  return no("Log-in is possible over TLS only", "PRIVACYREQUIRED");
}

Task<Reply> log_in(CommandContext& context, std::string login, std::string password) {
  Stream& stream = context.connection.stream();
  auto account = co_await context.services.directory.authenticate(
      std::move(login), std::move(password), stream.peer_address(), ports::Protocol::imap);
  log_ins.count(account);
  if (account) {
    log(Level::info, "imap.logged_in",
        {{"connection", stream.connection()}, {"peer", stream.peer_address()}, {"login", account->login}});
    context.state.log_in(std::move(*account));
    context.connection.set_patience(context.settings.idle_timeout);
    co_return ok("Logged in", capability_list(context.state, context.settings, stream));
  }
  if (!account.error().temporary())
    log(Level::info, "imap.login_failed",
        {{"connection", stream.connection()}, {"peer", stream.peer_address()}});
  if (!account.error().temporary() &&
      context.state.count_failed_login() >= context.settings.login_failures_max) {
    context.connection.untagged("BYE Too many failed log-ins");
    context.state.log_out();
  }
  co_return login_reply_for(account.error());
}

// RFC 3501, section 6.2.3.
Task<Reply> run_login(CommandContext& context, const Command& command) {
  if (auto refused = refuse_without_privacy(context)) co_return *refused;
  const auto& arguments = std::get<Login>(command.arguments);
  co_return co_await log_in(context, arguments.user, arguments.password);
}

}  // namespace gridmail::imap
