#include "protocols/imap/commands/login.hpp"
#include "protocols/sasl/server_exchange.hpp"

namespace gridmail::imap {
namespace {

/// The client's answer to a challenge, decoded. Nothing: the client has gone.
Task<std::optional<Result<Bytes>>> ask(CommandContext& context, std::string challenge) {
  context.out().append("+ ").append(to_base64(challenge)).append("\r\n");
  const auto line = co_await context.connection.read_line();
  if (!line) co_return std::nullopt;
  if (line->flaw == Line::Flaw::too_long) co_return fail(Errc::invalid, "Response too long");
  co_return sasl::decode_response(line->text);
}

Reply refusal(const Error& error) {
  if (error.code == Errc::cancelled) return bad("AUTHENTICATE cancelled");
  if (error.code == Errc::denied) return no("Acting for another user is not possible", "AUTHORIZATIONFAILED");
  return bad("Malformed response");
}

}  // namespace

// RFC 3501, section 6.2.2; the initial response by RFC 4959.
Task<Reply> run_authenticate(CommandContext& context, const Command& command) {
  if (auto refused = refuse_without_privacy(context)) co_return *refused;
  const auto& arguments = std::get<Authenticate>(command.arguments);
  if (arguments.mechanism != "PLAIN") co_return no("Mechanism is not supported", "CANNOT");
  std::optional<Bytes> initial;
  if (arguments.initial) {
    auto decoded = sasl::decode_initial_response(*arguments.initial);
    if (!decoded) co_return refusal(decoded.error());
    initial = std::move(*decoded);
  }
  sasl::ServerExchange exchange(sasl::Mechanism::plain);
  auto step = exchange.start(initial);
  while (step && std::holds_alternative<sasl::Challenge>(*step)) {
    auto response = co_await ask(context, std::get<sasl::Challenge>(*step).text);
    if (!response) {
      context.state.log_out();
      co_return Reply{};
    }
    if (!*response) co_return refusal(response->error());
    step = exchange.step(**response);
  }
  if (!step) co_return refusal(step.error());
  auto credentials = std::get<sasl::Credentials>(std::move(*step));
  co_return co_await log_in(context, std::move(credentials.login), std::move(credentials.password));
}

}  // namespace gridmail::imap
