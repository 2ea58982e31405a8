// Node: one process of the grid. It binds the ports to the machine, joins the parts, and listens.
//
// Lifecycle: construct → run() on the main thread, which returns the exit code after stop() or a fatal error.
// stop() may be called from any thread and from a signal handler's task.
#pragma once
#include <algorithm>
#include <asio/io_context.hpp>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "gossip/transport/peer_transport.hpp"
#include "node/api/agent_check.hpp"
#include "node/chronicle/chronicle_service.hpp"
#include "node/command_line.hpp"
#include "node/figures/figure_service.hpp"
#include "node/grid/mail_services.hpp"
#include "node/grid_control_binding.hpp"
#include "node/join.hpp"
#include "node/runtime/supervisor.hpp"
#include "node/runtime/system_clock.hpp"
#include "node/runtime/tcp_dialer.hpp"
#include "node/runtime/tcp_server.hpp"
#include "node/services/certificates/certificate_keeper.hpp"
#include "node/services/clients/listener_keeper.hpp"
#include "node/services/directory/srs_secret_keeper.hpp"
#include "node/services/dkim/dkim_key_keeper.hpp"
#include "node/services/dns/unbound_resolver.hpp"
#include "node/services/local_mail/local_mail_server.hpp"
#include "node/session_drain.hpp"
#include "node/statistics/statistics_service.hpp"
#include "protocols/imap/settings.hpp"
#include "protocols/pop3/settings.hpp"
#include "protocols/smtp/settings.hpp"
#include "storage/local/rocksdb_store.hpp"

namespace gridmail {

class Node {
 public:
  explicit Node(CommandLine command_line);
  ~Node();

  /// 0: stopped as asked; 1: could not start or the disk failed; 2: a join token or data directory that
  /// cannot be used, or this node was removed from its grid.
  [[nodiscard]] int run();
  void stop();

 private:
  [[nodiscard]] Task<void> live();
  void note_damage(const Error& damage);
  [[noreturn]] void end_now(int exit_code);
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Result<void> open_disk();
  [[nodiscard]] Task<Result<void>> enter_grid();
  [[nodiscard]] Task<Result<bool>> is_being_created();
  [[nodiscard]] Task<Result<void>> finish_creation();
  void begin_first_password(const asio::any_io_executor& strand);
  [[nodiscard]] Task<void> hash_first_password();
  [[nodiscard]] Task<Result<void>> make_first_admin();
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] Result<void> listen_for(const ListenerConfig& listener);
  [[nodiscard]] TimePoint balancers_notice() const;
  [[nodiscard]] SessionDrain::Settings session_drain() const;
  void end_sessions(bool of_mail);
  [[nodiscard]] Task<void> end_all_sessions();
  [[nodiscard]] Task<void> shut_down();
  void reload();
  [[nodiscard]] Task<void> keep_watchdog_quiet();
  [[nodiscard]] Result<void> build();
  void take_map(const MapPtr& map);
  void leave_grid(const std::string& by);
  [[nodiscard]] Task<void> keep_record_current();
  [[nodiscard]] Task<void> tell_figures();
  [[nodiscard]] FigureRings::Gauges gauges();
  [[nodiscard]] Member own_record() const;

  /// Of a new grid's first admin.
  struct FirstPassword {
    std::string text;
    Result<std::string> hash;
    std::shared_ptr<Event> hashed;
  };

  const CommandLine command_line_;
  const NodeConfig& config_;
  const Supervisor supervisor_ = Supervisor::from_environment();
  SystemRandom random_;
  asio::io_context context_;
  SystemClock clock_{context_};
  WorkerPool workers_{"worker", std::max(2U, std::thread::hardware_concurrency())};
  std::optional<TlsIdentity> identity_;
  std::unique_ptr<RocksDbStore> store_;
  std::unique_ptr<PeerTransport> transport_;
  std::unique_ptr<GridCore> core_;
  std::unique_ptr<UnboundResolver> resolver_;
  TcpDialer dialer_{clock_};
  std::unique_ptr<MailServices> mail_;
  std::unique_ptr<Introducer> introducer_;
  std::unique_ptr<FigureService> figures_;
  std::unique_ptr<StatisticsService> statistics_;
  std::unique_ptr<ChronicleService> chronicle_;
  std::unique_ptr<CertificateAdmin> certificates_;
  std::unique_ptr<ListenerBook> listeners_;
  std::unique_ptr<GridControlBinding> control_;
  std::unique_ptr<ServerTls> tls_;
  std::unique_ptr<CertificateKeeper> certificate_keeper_;
  std::unique_ptr<DkimKeyKeeper> dkim_key_keeper_;
  std::unique_ptr<SrsSecretKeeper> srs_secret_keeper_;
  std::unique_ptr<api::AgentCheck> agent_;
  std::unique_ptr<TcpServer> server_;
  smtp::Settings mx_, submission_, lmtp_, local_submission_;
  std::unique_ptr<LocalMailServer> local_mail_;
  imap::Settings imap_;
  pop3::Settings pop3_;
  FirstPassword first_password_;
  TaskGroup tasks_{"node"};
  std::shared_ptr<Event> stopped_;
  ProcessorMeter span_processors_;
  std::atomic<bool> leaving_{false};  ///< not ready any more; sessions go on while primaries are given away
  StopSignal sessions_end_;           ///< those of mail clients end: the node drains or stops
  StopSignal stopping_;               ///< all end
  std::unique_ptr<SessionDrain> draining_;
  std::atomic<bool> removed_{false};
  std::atomic<int> exit_code_{0};
  std::atomic<bool> damaged_{
      false};  ///< something on the disk cannot be read: it starts again, which mends it
};

}  // namespace gridmail
