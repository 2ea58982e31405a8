#include "node/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "node/config_table.hpp"
#include "node/config_text.hpp"

namespace gridmail {
namespace {

constexpr std::string_view service_names[service_count] = {
    "smtp",  "submission", "submissions", "lmtp",      "imap",      "imaps",      "pop3",
    "pop3s", "http",       "https",       "socketmap", "tcp_table", "agent_check"};
constexpr std::string_view family_names[family_count] = {"meta", "body", "log", "node"};

void read_address(ConfigTable& table, std::string_view key, std::optional<HostPort>& out) {
  table.read_with(key, "an address with a port, such as \"127.0.0.1:2525\" or \"[::1]:2525\"",
                  [&](const std::string& text) {
                    out = HostPort::parse(text);
                    return out.has_value();
                  });
}

void read_peer(ConfigTable table, NodeConfig& config) {
  std::optional<HostPort> listen;
  read_address(table, "listen", listen);
  if (listen) config.peer_listen = *listen;
  read_address(table, "advertise", config.peer_advertise);
  table.finish();
}

void read_listeners(ConfigTable table, NodeConfig& config) {
  for (std::size_t i = 0; i < service_count; ++i) {
    std::optional<HostPort> address;
    read_address(table, service_names[i], address);
    if (address) config.set_listener(static_cast<Service>(i), *address);
  }
  table.finish();
}

void read_tls(ConfigTable table, NodeConfig& config) {
  table.read("certificate", config.tls.certificate);
  table.read("key", config.tls.key);
  table.finish();
}

void read_proxy(ConfigTable table, NodeConfig& config) {
  const auto read_networks = [&table](const char* key, std::vector<IpNetwork>& networks) {
    table.read_each(key, "an array of networks, such as [\"192.0.2.0/24\"]", [&](const std::string& text) {
      const auto network = IpNetwork::parse(text);
      if (network) networks.push_back(*network);
      return network.has_value();
    });
  };
  read_networks("trusted", config.proxies);
  read_networks("tls_ended_by", config.tls_enders);
  config.proxies.insert(config.proxies.end(), config.tls_enders.begin(), config.tls_enders.end());
  table.finish();
}

void read_login(ConfigTable table, NodeConfig& config) {
  table.read("plaintext_from_loopback", config.plaintext_login_from_loopback);
  table.read("slow_down_wrong_passwords", config.limits.slow_down_wrong_passwords);
  table.finish();
}

void read_outbound(ConfigTable table, OutboundConfig& outbound) {
  read_address(table, "smart_host", outbound.smart_host);
  std::size_t tls = 0;
  table.read_choice("tls", {"opportunistic", "required"}, tls);
  outbound.tls_required = tls == 1;
  table.read("user", outbound.user);
  table.read("password_file", outbound.password_file);
  read_address(table, "dns_server", outbound.dns_server);
  table.read("egress", outbound.egress);
  table.finish();
}

void read_trace(ConfigTable table, TraceConfig& trace) {
  table.read("kept_days", trace.kept_days, 1, 3650);
  table.read_bytes("bytes_max", trace.bytes_max, 0, 1ULL << 40);
  table.finish();
}

void read_local_mail(ConfigTable table, LocalMailConfig& local_mail) {
  table.read("socket", local_mail.socket);
  table.read("trusted_users", local_mail.trusted_users);
  table.finish();
}

void read_log(ConfigTable table, NodeConfig& config) {
  std::size_t level = static_cast<std::size_t>(config.log.level), format = config.log.json ? 1 : 0;
  table.read_choice("level", {"debug", "info", "warn", "error"}, level);
  table.read_choice("format", {"logfmt", "json"}, format);
  config.log = {static_cast<Level>(level), format == 1};
  table.finish();
}

void read_limits(ConfigTable table, LimitsConfig& limits) {
  table.read_bytes("message_bytes_max", limits.message_bytes_max, 64ULL << 10, 1ULL << 30);
  table.read_bytes("in_flight_bytes_max", limits.in_flight_bytes_max, 1ULL << 20, 1ULL << 40);
  table.read("connections_max", limits.connections_max, 1, 1'000'000);
  table.read("connections_per_address_max", limits.connections_per_address_max, 0, 1'000'000);
  table.finish();
}

void read_drain(ConfigTable table, DrainConfig& drain) {
  table.read("check_interval_seconds", drain.check_interval_seconds, 0, 5);
  table.read("limit_seconds", drain.limit_seconds, 1, 20);
  table.finish();
}

void read_storage(ConfigTable table, StorageConfig& storage) {
  table.read_bytes("cache_bytes", storage.cache_bytes, 1ULL << 20, 1ULL << 42);
  table.read_bytes("reserve_bytes", storage.reserve_bytes, 0, 1ULL << 44);
  ConfigTable paths = table.table("paths");
  for (std::size_t i = 0; i < family_count; ++i) paths.read(family_names[i], storage.paths[i]);
  paths.finish();
  table.finish();
}

void read_creation(ConfigTable table, CreationConfig& creation) {
  table.read("slots", creation.slots, 1, 65'536);
  table.read("copies", creation.copies, 1, 2);
  table.finish();
}

void read_root(ConfigTable root, NodeConfig& config) {
  root.read("data_dir", config.data_dir);
  root.read("name", config.name);
  root.read("hostname", config.hostname);
  root.read("zone", config.zone);
  root.read("weight", config.weight, 0, 10'000);
  read_peer(root.table("peer"), config);
  read_listeners(root.table("listen"), config);
  read_tls(root.table("tls"), config);
  read_proxy(root.table("proxy"), config);
  read_login(root.table("login"), config);
  read_outbound(root.table("outbound"), config.outbound);
  read_local_mail(root.table("local_mail"), config.local_mail);
  read_trace(root.table("trace"), config.trace);
  read_log(root.table("log"), config);
  read_limits(root.table("limits"), config.limits);
  read_drain(root.table("drain"), config.drain);
  read_storage(root.table("storage"), config.storage);
  read_creation(root.table("creation"), config.creation);
  root.finish();
}

std::string machine_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

bool names_no_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

}  // namespace

std::string_view name_of(Service service) {
  return service_names[static_cast<std::size_t>(service)];
}

std::filesystem::path NodeConfig::storage_path(Family family) const {
  const auto index = static_cast<std::size_t>(family);
  const auto& path = storage.paths[index];
  return path.empty() ? data_dir / "store" / family_names[index] : path;
}

std::optional<HostPort> NodeConfig::listener(Service service) const {
  for (const auto& listener : listeners) {
    if (listener.service == service) return listener.address;
  }
  return std::nullopt;
}

void NodeConfig::set_listener(Service service, HostPort address) {
  for (auto& listener : listeners) {
    if (listener.service != service) continue;
    listener.address = std::move(address);
    return;
  }
  listeners.push_back({service, std::move(address)});
}

Result<NodeConfig> parse_config(std::string_view text, const std::string& source) {
  ConfigProblem problem(source);
  if (const auto stray = first_stray_letter(text)) {
    problem.report(*stray,
                   "letters outside ASCII may stand in comments only; quoted text can have them as \\u00f6");
    return tl::unexpected(*problem.error());
  }
  NodeConfig config;
  try {
    const toml::table table = toml::parse(text, source);
    read_root(ConfigTable(&table, "", problem), config);
  } catch (const toml::parse_error& error) {
    problem.report(error.source().begin, error.description());
  }
  if (problem.error()) return tl::unexpected(*problem.error());
  return config;
}

Result<std::string> read_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return fail(Errc::not_found, fmt::format("{}: no such file", file.string()));
  }
  if (std::filesystem::is_directory(file, error)) {
    return fail(Errc::invalid, fmt::format("{}: a directory, not a file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(Errc::io, fmt::format("{}: cannot be read", file.string()));
  return text.str();
}

Result<std::string> read_secret(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return text;
  auto line = text->substr(0, text->find('\n'));
  if (line.empty()) return fail(Errc::invalid, fmt::format("{}: no secret in its first line", file.string()));
  return line;
}

Result<NodeConfig> load_config(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected(text.error());
  return parse_config(*text, file.string());
}

Result<void> complete_config(NodeConfig& config) {
  if (config.hostname.empty()) config.hostname = machine_name();
  if (config.name.empty()) config.name = config.hostname.substr(0, config.hostname.find('.'));
  if (config.tls.certificate.empty() != config.tls.key.empty()) {
    return fail(Errc::invalid, "tls.certificate and tls.key come together");
  }
  const auto& outbound = config.outbound;
  if (outbound.user.empty() != outbound.password_file.empty() ||
      (!outbound.user.empty() && !outbound.smart_host)) {
    return fail(Errc::invalid,
                "outbound.user and outbound.password_file come together, and with a smart_host");
  }
  if (!config.peer_advertise && names_no_address(config.peer_listen.host)) {
    config.peer_advertise = HostPort{config.hostname, config.peer_listen.port};
  }
  if (names_no_address(config.advertised().host)) {
    return fail(Errc::invalid, "peer.advertise must be an address that other nodes can connect to");
  }
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto &a = config.listeners[i], &b = config.listeners[j];
      if (a.address.port == 0 || !(a.address == b.address)) continue;
      return fail(Errc::invalid, fmt::format("listen.{} and listen.{} are both {}", name_of(b.service),
                                             name_of(a.service), a.address.text()));
    }
  }
  return {};
}

}  // namespace gridmail
