// Who is where: for administrators, and for nginx's mail proxy, which asks before it connects for a client
// (ngx_mail_auth_http_module).
#include "node/api/client_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/base/ip_network.hpp"
#include "node/base/metrics.hpp"
#include "node/base/percent.hpp"

namespace gridmail::api {
namespace {

metrics::Outcomes log_ins{"balancer_log_ins_total", "Passwords that balancers had checked."};

constexpr std::string_view services[] = {"smtp", "submission", "submissions", "lmtp",
                                         "imap", "imaps",      "pop3",        "pop3s"};
/// As many as a session takes itself; from then on nginx ends the connection.
constexpr std::size_t attempts_max = 5;

enum class MailProtocol : std::uint8_t { smtp, imap, pop3 };

std::string_view name_of(MailProtocol protocol) {
  return protocol == MailProtocol::imap ? "imap" : protocol == MailProtocol::pop3 ? "pop3" : "smtp";
}

/// What nginx asks. Where it has nothing to say it leaves the field out.
struct AuthQuestion {
  MailProtocol protocol = MailProtocol::smtp;
  bool with_password = false;  ///< otherwise the MX port: whoever the message is for decides
  std::string login, password;
  std::string recipient;
  std::string client_address;
  bool is_last_attempt = false;
};

/// nginx writes each octet that is not printable, and the percent sign, as %XX.
Result<std::string> decoded(const Request& request, std::string_view name) {
  auto text = percent_decode(field(request, name));
  if (!text) return fail(Errc::invalid, "a % in a header field is not followed by two hex digits");
  return std::move(*text);
}

/// "RCPT TO:<user@example.org>", as the client sent it.
std::string address_in(std::string_view command) {
  const auto begin = command.find('<');
  const auto end = command.find('>', begin == std::string_view::npos ? 0 : begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return std::string(command.substr(begin + 1, end - begin - 1));
}

Result<AuthQuestion> read_question(const Request& request) {
  AuthQuestion question;
  const auto protocol = field(request, "Auth-Protocol");
  if (protocol != "smtp" && protocol != "imap" && protocol != "pop3")
    return fail(Errc::invalid, "Auth-Protocol must be smtp, imap or pop3");
  question.protocol = protocol == "smtp"   ? MailProtocol::smtp
                      : protocol == "imap" ? MailProtocol::imap
                                           : MailProtocol::pop3;
  const auto method = field(request, "Auth-Method");
  if (method != "plain" && (method != "none" || question.protocol != MailProtocol::smtp))
    return fail(Errc::invalid, "Auth-Method must be plain, or none for smtp");
  question.with_password = method == "plain";
  auto login = decoded(request, "Auth-User"), password = decoded(request, "Auth-Pass");
  if (!login || !password) return tl::unexpected(login ? password.error() : login.error());
  question.login = std::move(*login);
  question.password = std::move(*password);
  question.recipient = address_in(field(request, "Auth-SMTP-To"));
  const auto client = field(request, "Client-IP");
  question.client_address = IpNetwork::parse(client) ? std::string(client) : request.peer_address;
  const auto attempt = field(request, "Auth-Login-Attempt");
  question.is_last_attempt = attempt.size() != 1 || attempt[0] < '1' || attempt[0] >= '0' + int{attempts_max};
  return question;
}

/// What nginx tells the client: it puts "NO ", "-ERR " or Auth-Error-Code in front.
struct Refusal {
  std::string_view status;
  std::string_view smtp_code;
};

/// RFC 5530, section 3; RFC 3206, section 4 and RFC 2449, section 8.1.2; RFC 4954, section 6.
Refusal refusal_of(MailProtocol protocol, bool is_final, bool with_password) {
  switch (protocol) {
    case MailProtocol::imap:
      return is_final ? Refusal{"[AUTHENTICATIONFAILED] wrong user or password", {}}
                      : Refusal{"[UNAVAILABLE] try again later", {}};
    case MailProtocol::pop3:
      return is_final ? Refusal{"[AUTH] wrong user or password", {}}
                      : Refusal{"[SYS/TEMP] try again later", {}};
    case MailProtocol::smtp:
      break;
  }
  if (is_final) return {"wrong user or password", "535 5.7.8"};
  return {"try again later", with_password ? "454 4.7.0" : "451 4.3.0"};
}

Response auth_response(std::vector<std::pair<std::string, std::string>> fields) {
  Response response{200, "text/plain; charset=utf-8", {}, std::move(fields)};
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response refuse(const AuthQuestion& question, const Error& error) {
  const bool is_final = error.code == Errc::denied;
  const auto refusal = refusal_of(question.protocol, is_final, question.with_password);
  std::vector<std::pair<std::string, std::string>> fields = {{"Auth-Status", std::string(refusal.status)}};
  if (!refusal.smtp_code.empty()) fields.emplace_back("Auth-Error-Code", refusal.smtp_code);
  // Without it nginx ends the connection. The node itself has waited already.
  if (!question.is_last_attempt) fields.emplace_back("Auth-Wait", "1");
  return auth_response(std::move(fields));
}

std::string service_for(const AuthQuestion& question) {
  switch (question.protocol) {
    case MailProtocol::imap:
      return "imap";
    case MailProtocol::pop3:
      return "pop3";
    case MailProtocol::smtp:
      break;
  }
  return question.with_password ? "submission" : "smtp";
}

}  // namespace

Task<Response> nginx_auth(GridControl& grid, Request request, Parameters) {
  auto& clients = grid.clients_of_grid();
  if (!clients.is_balancer(request.peer_address)) {
    co_return problem(403, "denied", "only balancers that [proxy] in the node's configuration names may ask");
  }
  auto question = read_question(request);
  if (!question) co_return problem(question.error());
  if (question->with_password) {
    std::string protocol(name_of(question->protocol));
    const auto known = co_await clients.log_in(question->login, std::move(question->password),
                                               question->client_address, std::move(protocol));
    log_ins.count(known);
    if (!known) co_return refuse(*question, known.error());
  }
  std::string address = question->with_password ? question->login : question->recipient;
  const auto server = co_await clients.server_for(std::move(address), service_for(*question));
  if (!server) co_return refuse(*question, server.error());
  co_return auth_response({{"Auth-Status", "OK"},
                           {"Auth-Server", server->address.host},
                           {"Auth-Port", std::to_string(server->address.port)}});
}

Task<Response> look_up(GridControl& grid, Request request, Parameters) {
  auto& clients = grid.clients_of_grid();
  const auto key = query_value(request.query, "key");
  if (!key || key->empty()) co_return problem({Errc::invalid, "?key= names an address or a domain"});
  const auto value = co_await clients.look_up(*key);
  if (!value) co_return problem(value.error());
  Json answer = {{"key", *key}, {"value", *value}};
  if (key->find('@') != std::string::npos) {
    Json servers = Json::object();
    for (const auto service : services) {
      const auto server = co_await clients.server_for(*key, std::string(service));
      if (server) {
        servers[std::string(service)] = {
            {"node", server->node.hex()}, {"host", server->address.host}, {"port", server->address.port}};
      }
    }
    answer["servers"] = std::move(servers);
  }
  co_return json_response(answer);
}

}  // namespace gridmail::api
