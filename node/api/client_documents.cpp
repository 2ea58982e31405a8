#include "node/api/client_documents.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/base/bytes.hpp"

namespace gridmail::api {
namespace {

using Server = ClientSettings::Server;

constexpr std::string_view xml_head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// <name>text</name> on a line of its own.
std::string element(std::string_view name, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>\n", name, xml_escaped(text));
}

std::string_view thunderbird_type(Server::Kind kind) {
  return kind == Server::Kind::imap ? "imap" : kind == Server::Kind::pop3 ? "pop3" : "smtp";
}

std::string thunderbird_server(const std::string& host, const Server& server) {
  const std::string_view tag = server.kind == Server::Kind::smtp ? "outgoingServer" : "incomingServer";
  return fmt::format("<{} type=\"{}\">\n", tag, thunderbird_type(server.kind)) + element("hostname", host) +
         element("port", std::to_string(server.port)) +
         element("socketType", server.implicit_tls ? "SSL" : "STARTTLS") +
         element("authentication", "password-cleartext") + element("username", "%EMAILADDRESS%") +
         fmt::format("</{}>\n", tag);
}

std::string_view outlook_type(Server::Kind kind) {
  return kind == Server::Kind::imap ? "IMAP" : kind == Server::Kind::pop3 ? "POP3" : "SMTP";
}

/// <Encryption> overrides <SSL> for programs that know it ([MS-OXDSCLI] 2.2.4.1.1.2.7).
std::string outlook_protocol(const std::string& host, const Server& server, std::string_view address) {
  return "<Protocol>\n" + element("Type", outlook_type(server.kind)) + element("Server", host) +
         element("Port", std::to_string(server.port)) + element("DomainRequired", "off") +
         element("LoginName", address) + element("SPA", "off") + element("SSL", "on") +
         element("Encryption", server.implicit_tls ? "SSL" : "TLS") + element("AuthRequired", "on") +
         (server.kind == Server::Kind::smtp ? element("UsePOPAuth", "off") + element("SMTPLast", "off")
                                            : "") +
         "</Protocol>\n";
}

std::string key_text(std::string_view key, std::string_view text) {
  return element("key", key) + element("string", text);
}
std::string key_number(std::string_view key, unsigned number) {
  return element("key", key) + element("integer", std::to_string(number));
}
std::string key_true(std::string_view key) {
  return element("key", key) + "<true/>\n";
}

/// RFC 9562, section 5.8: a UUID of one's own making.
std::string uuid_of(std::string_view what) {
  Bytes bytes = blake2b(what, 16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x80U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
  const auto hex = to_hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

/// Nothing: it is not offered.
const Server* server_of(const ClientSettings& settings, Server::Kind kind) {
  const auto found = std::find_if(settings.servers.begin(), settings.servers.end(),
                                  [kind](const Server& server) { return server.kind == kind; });
  return found == settings.servers.end() ? nullptr : &*found;
}

std::string apple_server(std::string_view prefix, const std::string& host, const Server& server,
                         std::string_view address) {
  const auto key = [prefix](std::string_view rest) { return fmt::format("{}MailServer{}", prefix, rest); };
  return key_text(key("HostName"), host) + key_number(key("PortNumber"), server.port) +
         key_true(key("UseSSL")) + key_text(key("Authentication"), "EmailAuthPassword") +
         key_text(key("Username"), address);
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

std::string autoconfig_document(const ClientSettings& settings) {
  std::string servers;
  for (const auto& server : settings.servers) servers += thunderbird_server(settings.host, server);
  return std::string(xml_head) + "<clientConfig version=\"1.1\">\n" +
         fmt::format("<emailProvider id=\"{}\">\n", xml_escaped(settings.domain)) +
         element("domain", settings.domain) + element("displayName", settings.domain) +
         element("displayShortName", settings.domain) + servers + "</emailProvider>\n</clientConfig>\n";
}

std::string autodiscover_document(const ClientSettings& settings, std::string_view address) {
  std::string protocols;
  for (const auto& server : settings.servers) protocols += outlook_protocol(settings.host, server, address);
  return std::string(xml_head) +
         "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
         "<Response "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n"
         "<Account>\n" +
         element("AccountType", "email") + element("Action", "settings") + protocols +
         "</Account>\n</Response>\n</Autodiscover>\n";
}

std::string autodiscover_error(unsigned code, std::string_view message) {
  return std::string(xml_head) +
         "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
         "<Response>\n<Error>\n" +
         element("ErrorCode", std::to_string(code)) + element("Message", message) +
         "<DebugData/>\n</Error>\n</Response>\n</Autodiscover>\n";
}

std::optional<std::string> mobileconfig_document(const ClientSettings& settings, std::string_view address) {
  const auto* const imap = server_of(settings, Server::Kind::imap);
  const auto* const incoming = imap != nullptr ? imap : server_of(settings, Server::Kind::pop3);
  const auto* const outgoing = server_of(settings, Server::Kind::smtp);
  if (incoming == nullptr || outgoing == nullptr) return std::nullopt;
  const std::string identifier = "gridmail." + uuid_of(address);
  const std::string account =
      "<dict>\n" + key_text("PayloadType", "com.apple.mail.managed") + key_number("PayloadVersion", 1) +
      key_text("PayloadIdentifier", identifier + ".mail") +
      key_text("PayloadUUID", uuid_of(std::string("mail ").append(address))) +
      key_text("PayloadDisplayName", address) +
      key_text("EmailAccountType", imap != nullptr ? "EmailTypeIMAP" : "EmailTypePOP") +
      key_text("EmailAddress", address) + key_text("EmailAccountDescription", address) +
      apple_server("Incoming", settings.host, *incoming, address) +
      apple_server("Outgoing", settings.host, *outgoing, address) +
      key_true("OutgoingPasswordSameAsIncomingPassword") + "</dict>\n";
  return std::string(xml_head) +
         "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
         "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
         "<plist version=\"1.0\">\n<dict>\n" +
         key_text("PayloadType", "Configuration") + key_number("PayloadVersion", 1) +
         key_text("PayloadIdentifier", identifier) +
         key_text("PayloadUUID", uuid_of(std::string("profile ").append(address))) +
         key_text("PayloadDisplayName", fmt::format("Mail of {}", address)) +
         element("key", "PayloadContent") + "<array>\n" + account + "</array>\n</dict>\n</plist>\n";
}

}  // namespace gridmail::api
