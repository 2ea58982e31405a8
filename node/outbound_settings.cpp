#include "node/outbound_settings.hpp"

#include <fstream>

namespace gridmail {

Result<OutboundSettings> outbound_settings(const NodeConfig& config) {
  const auto& given = config.outbound;
  OutboundSettings outbound;
  outbound.client.hostname = config.hostname;
  outbound.smart_host = given.smart_host;
  if (given.tls_required) outbound.client.tls = smtp::ClientTls::required;
  if (given.user.empty()) return outbound;
  std::ifstream file(given.password_file);
  std::string password;
  if (!std::getline(file, password) || password.empty())
    return fail(Errc::invalid, given.password_file.string() + ": the first line has no password");
  outbound.client.credentials = smtp::ClientCredentials{given.user, std::move(password)};
  return outbound;
}

}  // namespace gridmail
