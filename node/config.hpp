// NodeConfig: what one node needs to know before it can ask the grid. Everything grid-wide lives in the
// directory and the map; this is only what differs between nodes, or is needed to create a grid.
//
// Read once at start from a TOML file (packaging/gridmail.toml is the commented example). A key that does not
// exist, a wrong type or a value out of range is an error that names file, line, column and, for keys, the
// nearest known one.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/host_port.hpp"
#include "node/base/ip_network.hpp"
#include "node/base/log.hpp"
#include "node/base/result.hpp"
#include "node/base/store.hpp"

namespace gridmail {

/// What a client-facing port speaks.
enum class Service : std::uint8_t {
  smtp,         ///< the MX port
  submission,   ///< RFC 6409, STARTTLS
  submissions,  ///< RFC 8314, implicit TLS
  lmtp,
  imap,
  imaps,
  pop3,
  pop3s,
  http,
  https,
  socketmap,    ///< look-ups for other mail systems (protocols/lookup)
  tcp_table,    ///< the same in another protocol
  agent_check,  ///< what HAProxy asks about this node's load
};
inline constexpr std::size_t service_count = 13;
/// Also the key under [listen] and the field of grid.json.
[[nodiscard]] std::string_view name_of(Service service);

struct ListenerConfig {
  Service service = Service::smtp;
  HostPort address;
};

/// PEM files; without them the node makes a self-signed certificate for its host name in its data directory.
struct TlsConfig {
  std::filesystem::path certificate;  ///< the chain, leaf first
  std::filesystem::path key;
};

struct LogConfig {
  Level level = Level::info;
  bool json = false;
};

struct LimitsConfig {
  std::uint64_t message_bytes_max = 50ULL << 20;  ///< SIZE, APPENDLIMIT and the literal limit
  std::uint64_t in_flight_bytes_max = 256ULL << 20;
  std::uint32_t connections_max = 20'000;
  std::uint32_t connections_per_address_max = 500;  ///< of mail clients; 0: no limit
  /// Delays and counts of wrong passwords per address and user.
  bool slow_down_wrong_passwords = true;
};

/// How sessions leave a node that drains or stops.
struct DrainConfig {
  std::uint32_t check_interval_seconds = 2;  ///< of the slowest balancer: two of them may notice first
  std::uint32_t limit_seconds = 20;          ///< from then on, for what clients are in the middle of
};

struct StorageConfig {
  /// Where each column family lies; empty: below data_dir.
  std::array<std::filesystem::path, family_count> paths;
  std::uint64_t cache_bytes = 256ULL << 20;
  /// Intake is refused, deletions go on, when less than this is free.
  std::uint64_t reserve_bytes = 1ULL << 30;
};

/// How mail for other domains leaves this node.
struct OutboundConfig {
  std::optional<HostPort> smart_host;  ///< takes all of it; otherwise the DNS says who does
  bool tls_required = false;           ///< verified; otherwise TLS is used where it is offered
  std::string user;                    ///< AUTH at the smart host, which requires TLS; empty: without
  std::filesystem::path password_file;
  std::optional<HostPort> dns_server;  ///< an address; otherwise those of /etc/resolv.conf
  bool egress = true;                  ///< this node sends; others do it for one that does not
};

/// What is remembered of messages, so that it can be asked what became of them.
struct TraceConfig {
  std::uint32_t kept_days = 7;
  std::uint64_t bytes_max = 256ULL << 20;  ///< of this node's part; 0: nothing is remembered
};

/// Mail of this machine's own users, by /usr/sbin/sendmail (node/sendmail).
struct LocalMailConfig {
  std::filesystem::path socket;  ///< empty: not offered
  std::string trusted_users;     ///< names with commas between: may use any sender, as root may
};

/// Only used by the node that creates the grid.
struct CreationConfig {
  std::uint32_t slots = 4096;
  std::uint32_t copies = 2;
};

struct NodeConfig {
  std::filesystem::path data_dir = "/var/lib/gridmail";
  std::string name;      ///< unique in the grid; the first label of hostname when not given
  std::string hostname;  ///< in greetings and Received; the machine's when not given
  std::string zone = "default";
  std::uint32_t weight = 100;  ///< share of slots; 0 stores none and votes

  HostPort peer_listen{"0.0.0.0", 7420};   ///< TCP and UDP
  std::optional<HostPort> peer_advertise;  ///< what others are told; peer_listen's when it names one address
  std::vector<ListenerConfig> listeners;
  TlsConfig tls;
  /// Balancers that say by the PROXY protocol, on mail ports, for which client they connect.
  std::vector<IpNetwork> proxies;
  /// Those of them that end the clients' TLS, and are reached over a network of their own.
  std::vector<IpNetwork> tls_enders;
  /// Log-in without TLS from 127.0.0.0/8 and ::1 on mail ports. Plain HTTP from there always may.
  bool plaintext_login_from_loopback = false;

  OutboundConfig outbound;
  LocalMailConfig local_mail;
  TraceConfig trace;
  LogConfig log;
  LimitsConfig limits;
  DrainConfig drain;
  StorageConfig storage;
  CreationConfig creation;

  /// What peers are told to connect to.
  [[nodiscard]] HostPort advertised() const { return peer_advertise.value_or(peer_listen); }
  [[nodiscard]] std::filesystem::path storage_path(Family family) const;
  [[nodiscard]] std::optional<HostPort> listener(Service service) const;
  /// Replaces the listener of that service, or adds it.
  void set_listener(Service service, HostPort address);
};

/// Reads `text` as TOML. `source` names it in errors. Errors: invalid, with "source:line:column: what".
[[nodiscard]] Result<NodeConfig> parse_config(std::string_view text, const std::string& source);
/// Errors: not_found, invalid (a directory), io.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file);
/// The first line. Errors: those of the file, invalid (it is empty).
[[nodiscard]] Result<std::string> read_secret(const std::filesystem::path& file);
/// Errors: those of the file, invalid (its content).
[[nodiscard]] Result<NodeConfig> load_config(const std::filesystem::path& file);
/// Fills what was left out from the machine (hostname, name) and checks what must agree: a node with every
/// address on 0.0.0.0 needs advertise, certificate and key come together, a user at
/// the smart host comes with a password file, no two listeners on one port.
/// Errors: invalid.
[[nodiscard]] Result<void> complete_config(NodeConfig& config);

}  // namespace gridmail
