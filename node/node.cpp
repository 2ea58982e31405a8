#include "node/node.hpp"

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <thread>

#include "node/api/http_session.hpp"
#include "node/base/log.hpp"
#include "node/base/log_writer.hpp"
#include "node/outbound_settings.hpp"
#include "node/planned_stop.hpp"
#include "node/processor_meter.hpp"
#include "node/recovery/offline_recovery.hpp"
#include "node/runtime/process_restart.hpp"
#include "node/runtime/timer.hpp"
#include "node/services/directory/sealing_rounds.hpp"
#include "node/statistics/metered_session.hpp"
#include "node/version.hpp"
#include "protocols/imap/imap_session.hpp"
#include "protocols/lookup/session.hpp"
#include "protocols/pop3/session.hpp"
#include "protocols/smtp/session.hpp"
#include "storage/local/store_salvage.hpp"

namespace gridmail {
namespace {

constexpr auto step_aside_max = std::chrono::seconds(8);
constexpr auto idle_sessions_max = std::chrono::seconds(3);  // of balancers and dashboards
constexpr auto shut_down_max = std::chrono::seconds(15);     // beside what sessions may take
constexpr std::size_t slot_strands = 16;
constexpr unsigned hashes_at_once_max = 8;  // 64 MiB each

// Sessions as tasks that own their stream (style, coroutine rule 2).
Task<void> serve_smtp(std::unique_ptr<Stream> stream, smtp::Services services,
                      const smtp::Settings* settings) {
  co_await smtp::serve(*stream, services, *settings);
}
Task<void> serve_imap(std::unique_ptr<Stream> stream, imap::Services services,
                      const imap::Settings* settings) {
  co_await imap::serve(*stream, services, *settings);
}
Task<void> serve_pop3(std::unique_ptr<Stream> stream, pop3::Services services,
                      const pop3::Settings* settings) {
  co_await pop3::serve(*stream, services, *settings);
}

Task<void> serve_lookup(std::unique_ptr<Stream> stream, lookup::Services services,
                        lookup::Protocol protocol) {
  co_await lookup::serve(*stream, services, protocol);
}

/// What a client is told that a limit turns away; empty: nothing in the clear.
std::string refusal_of(Service service) {
  switch (service) {
    case Service::smtp:
    case Service::submission:
    case Service::lmtp:
      return "421 4.3.2 too many connections\r\n";
    case Service::imap:
      return "* BYE [UNAVAILABLE] too many connections\r\n";  // RFC 5530, section 3
    case Service::pop3:
      return "-ERR [SYS/TEMP] too many connections\r\n";  // RFC 3206, section 4
    default:
      return {};
  }
}

bool is_for_mail(Service service) {
  return service <= Service::pop3s;
}

bool has_implicit_tls(Service service) {
  return service == Service::submissions || service == Service::imaps || service == Service::pop3s ||
         service == Service::https;
}

}  // namespace

Node::Node(CommandLine command_line)
    : command_line_(std::move(command_line)), config_(command_line_.config) {}

Node::~Node() = default;

int Node::run() {
  set_log_level(config_.log.level);
  set_log_json(config_.log.json);
  const asio::any_io_executor main = asio::make_strand(context_);
  stopped_ = std::make_shared<Event>(main);
  asio::signal_set signals(context_, SIGTERM, SIGINT);
  signals.async_wait([this](std::error_code error, int) {
    if (!error) stop();
  });
  asio::signal_set hang_ups(context_, SIGHUP);
  std::function<void()> await_hang_up = [&] {
    hang_ups.async_wait(asio::bind_executor(main, [&](std::error_code error, int) {
      if (error) return;
      reload();
      await_hang_up();
    }));
  };
  await_hang_up();
  asio::co_spawn(main, live(), [this, &signals, &hang_ups](std::exception_ptr failure) {
    if (failure) {
      exit_code_ = 1;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        log(Level::error, "node.failed", {{"error", error.what()}});
      }
    }
    signals.cancel();
    hang_ups.cancel();
  });
  std::vector<std::thread> threads;
  const unsigned count = std::max(2U, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < count; ++i) threads.emplace_back([this] { context_.run(); });
  context_.run();
  for (auto& thread : threads) thread.join();
  if (damaged_) end_now(1);
  return exit_code_;
}

/// What the disk cannot give back is left behind at the next start, and fetched from other nodes. Until then
/// the primaries here are given away, as before any stop.
void Node::note_damage(const Error& damage) {
  if (damaged_.exchange(true)) return;
  log(Level::error, "disk.damaged", {{"error", damage.text}});
  const auto marked = mark_damaged(config_.data_dir / "store");
  if (!marked) log(Level::error, "disk.failed", {{"error", marked.error().text}});
  stop();
}

/// After damage it starts again; where a service manager is there, that is its task.
void Node::end_now(int exit_code) {
  if (damaged_ && !supervisor_.is_there()) start_again();
  LogWriter::of_errors().flush();
  std::_Exit(exit_code);
}

void Node::stop() {
  if (!leaving_.exchange(true)) stopped_->set();
}

Task<void> Node::live() {
  const auto started = co_await start();
  if (!started) {
    const auto& error = started.error();
    log(Level::error, "node.cannot_start", {{"error", error.text}});
    std::fprintf(stderr, "gridmaild: %s\n", error.text.c_str());
    const bool is_final = !damaged_ && (error.code == Errc::denied || error.code == Errc::invalid ||
                                        error.code == Errc::unsupported || error.code == Errc::corrupted ||
                                        error.code == Errc::already_exists);
    exit_code_ = is_final ? 2 : 1;
  } else {
    log(Level::info, "node.ready", {{"id", identity_->node_id().hex()}, {"name", config_.name}});
    supervisor_.tell("READY=1");
    if (supervisor_.watchdog()) tasks_.spawn(asio::make_strand(context_), "watchdog", keep_watchdog_quiet());
    co_await stopped_->wait();
  }
  log(Level::info, "node.stopping");
  supervisor_.tell("STOPPING=1");
  if (started && exit_code_ == 0) {
    const auto noticed = balancers_notice();
    const auto aside =
        co_await before(clock_, clock_.now() + step_aside_max, step_aside(*core_, *control_, clock_));
    log(Level::info, "node.stepped_aside", {{"whole", aside.value_or(false) ? "yes" : "no"}});
    co_await sleep_until(clock_, noticed);
  }
  sessions_end_.set();
  stopping_.set();
  // What does not end by itself in time is ended with the process: everything acknowledged is on disk.
  const auto watchdog =
      clock_.call_at(clock_.now() + session_drain().limit + shut_down_max, [this] { end_now(exit_code_); });
  co_await shut_down();
}

/// When those who ask for this node's readiness know that it is false. Nobody who has not asked lately.
TimePoint Node::balancers_notice() const {
  const auto interval = session_drain().check_interval;
  const bool wait = !damaged_ && !sessions_end_.is_set() && control_->is_probed(5 * interval);
  return clock_.now() + (wait ? 2 * interval : Duration::zero());
}

SessionDrain::Settings Node::session_drain() const {
  return {std::chrono::seconds(config_.drain.check_interval_seconds),
          std::chrono::seconds(config_.drain.limit_seconds)};
}

/// Those of mail clients, or all others.
void Node::end_sessions(bool of_mail) {
  for (const auto& listener : config_.listeners) {
    if (is_for_mail(listener.service) == of_mail) server_->end_sessions(name_of(listener.service));
  }
}

Result<void> Node::open_disk() {
  std::error_code error;
  std::filesystem::create_directories(config_.data_dir, error);
  if (error) return fail(Errc::io, config_.data_dir.string() + ": " + error.message());
  auto identity = TlsIdentity::load_or_create(config_.data_dir / "node.key");
  if (!identity) return tl::unexpected(identity.error());
  identity_ = std::move(*identity);
  StoreOptions options = store_options(config_, identity_->node_id(), clock_.wall());
  options.on_disk_failure = [this](const Error& failure) {
    log(Level::error, "disk.failed", {{"error", failure.text}});
    if (failure.code == Errc::corrupted) note_damage(failure);
    end_now(1);  // fail-stop: a node that cannot write must not answer
  };
  options.on_damage = [this](const Error& damage) { note_damage(damage); };
  // Copying a large store takes longer than a start is given otherwise.
  if (is_marked_damaged(options.folder)) supervisor_.tell("EXTEND_TIMEOUT_USEC=86400000000");
  auto store = RocksDbStore::open(std::move(options));
  if (!store) return tl::unexpected(store.error());
  store_ = std::move(*store);
  return {};
}

Result<void> Node::build() {
  auto outbound = outbound_settings(config_);
  if (!outbound) return tl::unexpected(outbound.error());
  draining_ = std::make_unique<SessionDrain>(clock_, asio::make_strand(context_), session_drain(),
                                             sessions_end_, [this] { end_sessions(true); });
  transport_ = std::make_unique<PeerTransport>(context_, clock_, *identity_);
  GridPorts ports{clock_, random_, *transport_, *store_, asio::make_strand(context_), {}, store_->suspect()};
  for (std::size_t i = 0; i < slot_strands; ++i) ports.slots.push_back(asio::make_strand(context_));
  GridCore::Hooks hooks;
  hooks.fail_stop = [this](Error error) {
    log(Level::error, "node.fail_stop", {{"error", error.text}});
    end_now(1);
  };
  hooks.low_space = [this] { return store_->low_space(); };
  hooks.very_low_space = [this] { return store_->very_low_space(); };
  hooks.is_behind = [this] { return store_->is_behind(); };
  hooks.on_map = [this](MapPtr map) { take_map(map); };
  hooks.on_push = [this](NodeId from, Bytes payload) { mail_->on_push(from, std::move(payload)); };
  hooks.on_intake = [this](NodeId from, Bytes payload) { mail_->on_intake(from, std::move(payload)); };
  hooks.on_egress = [this](NodeId from, Bytes payload) { mail_->on_egress(from, std::move(payload)); };
  hooks.on_verified = [this](NodeId, Bytes payload) { mail_->on_verified(payload); };
  hooks.on_listeners = [this](NodeId from, Bytes payload) { listeners_->on_message(from, payload); };
  hooks.on_usage = [this](NodeId, Bytes payload) { mail_->on_usage(payload); };
  hooks.disk = [this] {
    const auto free = store_->bytes_free();
    const auto reserve = config_.storage.reserve_bytes;
    DiskState disk{store_->bytes_stored(), free > reserve ? free - reserve : 0};
    disk.stalled = store_->stalled_for();
    return disk;
  };
  listeners_ = std::make_unique<ListenerBook>(identity_->node_id(), *transport_);
  core_ = std::make_unique<GridCore>(std::move(ports),
                                     Membership::Self{identity_->node_id(),
                                                      config_.name,
                                                      {config_.advertised().text()},
                                                      std::string(version),
                                                      config_.outbound.egress},
                                     GridCoreSettings{}, std::move(hooks));
  MailSettings settings;
  settings.message_bytes_max = config_.limits.message_bytes_max;
  settings.in_flight_bytes_max = config_.limits.in_flight_bytes_max;
  settings.spool_dir = config_.data_dir;
  settings.passwords.at_once_max = std::clamp(std::thread::hardware_concurrency(), 2U, hashes_at_once_max);
  if (!config_.limits.slow_down_wrong_passwords) settings.login_delays.first = Duration::zero();
  settings.outbound = std::move(*outbound);
  settings.trace.kept = std::chrono::hours(24) * config_.trace.kept_days;
  settings.trace.bytes_max = config_.trace.bytes_max;
  std::vector<HostPort> dns_servers;
  if (config_.outbound.dns_server) dns_servers.push_back(*config_.outbound.dns_server);
  resolver_ = std::make_unique<UnboundResolver>(context_.get_executor(), clock_, std::move(dns_servers));
  mail_ = std::make_unique<MailServices>(
      MailServices::Parts{*core_, clock_, random_, *transport_, *store_, *resolver_, dialer_,
                          asio::make_strand(context_), &workers_, identity_->seed()},
      settings);
  introducer_ = std::make_unique<Introducer>(
      Introducer::Parts{clock_, core_->map_register(), mail_->directory_client()});
  transport_->on_stranger([this](Bytes public_key, Bytes request) {
    return introducer_->answer(std::move(public_key), std::move(request));
  });
  transport_->on_removed([this](NodeId by) { leave_grid(by.hex()); });
  figures_ = std::make_unique<FigureService>(
      FigureService::Ports{clock_, core_->survey(), [this] { return gauges(); }});
  statistics_ =
      std::make_unique<StatisticsService>(StatisticsService::Ports{clock_, core_->survey(), *store_});
  chronicle_ = std::make_unique<ChronicleService>(
      ChronicleService::Ports{clock_, core_->survey(), [this] { return core_->map(); },
                              [this](NodeId node) { return is_alive_in(*core_, node); }});
  certificates_ = std::make_unique<CertificateAdmin>(CertificateAdmin::Ports{
      clock_, random_, mail_->view(), mail_->directory_client(), [this] { return core_->map(); }});
  control_ = std::make_unique<GridControlBinding>(GridControlBinding::Parts{
      *core_, *mail_, *certificates_, clock_, random_, *store_, config_, *resolver_, *figures_, *statistics_,
      *chronicle_, *listeners_, [this] { return leaving_.load(); }});
  return {};
}

Task<Result<void>> Node::start() {
  auto step = open_disk();
  if (!step) co_return step;
  step = build();
  if (!step) co_return step;
  step = co_await core_->load();
  if (!step) co_return step;
  const auto recoveries = co_await past_recoveries(*store_);
  if (!recoveries) co_return tl::unexpected(recoveries.error());
  for (const auto& record : *recoveries) log(Level::warn, "grid.was_recovered", {{"record", record}});
  step = co_await enter_grid();
  if (!step) co_return step;
  const auto port = transport_->listen(config_.peer_listen.host, config_.peer_listen.port);
  if (!port) co_return tl::unexpected(port.error());
  core_->start();
  step = co_await mail_->start();
  if (!step) co_return step;
  step = listen();
  if (!step) co_return step;
  step = co_await finish_creation();
  if (!step) co_return step;
  tasks_.spawn(asio::make_strand(context_), "keep record current", keep_record_current());
  tasks_.spawn(asio::make_strand(context_), "tell figures", tell_figures());
  tasks_.spawn(asio::make_strand(context_), "figures", figures_->run());
  tasks_.spawn(asio::make_strand(context_), "statistics", statistics_->run());
  tasks_.spawn(asio::make_strand(context_), "chronicle", chronicle_->run());
  tasks_.spawn(asio::make_strand(context_), "listeners",
               keep_listeners_known(clock_, config_, core_->membership(), *listeners_));
  tasks_.spawn(asio::make_strand(context_), "certificates", certificate_keeper_->run());
  tasks_.spawn(asio::make_strand(context_), "secrets",
               keep_sealed(clock_, [this] { return core_->map(); },
                           {[this] { return dkim_key_keeper_->look(); },
                            [this] { return srs_secret_keeper_->look(); }}));
  tasks_.spawn(draining_->executor(), "sessions", draining_->run());
  control_->set_started();
  co_return Result<void>{};
}

/// Three times within its patience, from the threads that do the work: when they hang, it rings.
Task<void> Node::keep_watchdog_quiet() {
  const auto every = *supervisor_.watchdog() / 3;
  for (;;) {
    supervisor_.tell("WATCHDOG=1");
    co_await sleep_for(clock_, every);
  }
}

/// What can change without a restart: the certificate. A wrong one leaves the old in use.
void Node::reload() {
  if (!tls_ || config_.tls.certificate.empty()) return;
  supervisor_.tell("RELOADING=1");
  auto context = load_server_context(config_.tls.certificate, config_.tls.key);
  if (context) {
    tls_->replace_own(std::move(*context));
    log(Level::info, "node.reloaded", {{"certificate", config_.tls.certificate.string()}});
  } else {
    log(Level::error, "node.not_reloaded", {{"error", context.error().text}});
  }
  supervisor_.tell("READY=1");
}

/// What every node shows of this one.
Task<void> Node::tell_figures() {
  ProcessorMeter processors;
  for (;;) {
    core_->membership().set_load(processors.load(clock_.now()), store_->bytes_free());
    co_await sleep_for(clock_, std::chrono::seconds(5));
  }
}

FigureRings::Gauges Node::gauges() {
  auto sessions = server_->connections_by_listener();
  return {
      .smtp_sessions = sessions["smtp"] + sessions["submission"] + sessions["submissions"] + sessions["lmtp"],
      .imap_sessions = sessions["imap"] + sessions["imaps"],
      .pop3_sessions = sessions["pop3"] + sessions["pop3s"],
      .load = span_processors_.load(clock_.now()),
      .disk_free_bytes = store_->bytes_free(),
      .wrong_passwords = mail_->failed_log_ins()};
}

Result<void> Node::listen() {
  const bool plaintext = config_.plaintext_login_from_loopback;
  for (auto* settings : {&mx_, &submission_, &lmtp_, &local_submission_}) {
    settings->hostname = config_.hostname;
    settings->allow_plaintext_login = plaintext;
    settings->stopping = &sessions_end_;
  }
  local_submission_.stopping = &stopping_;  // this machine's own mail has nowhere else to go
  submission_.mode = local_submission_.mode = smtp::Mode::submission;
  lmtp_.mode = smtp::Mode::lmtp;
  imap_.hostname = pop3_.hostname = config_.hostname;
  imap_.allow_plaintext_login = pop3_.allow_plaintext_login = plaintext;
  imap_.message_bytes_max = config_.limits.message_bytes_max;
  pop3_.stopping = imap_.stopping = &sessions_end_;
  if (config_.tls.certificate.empty()) {
    tls_ = std::make_unique<ServerTls>(self_signed_server_context(config_.hostname), ServerTls::Own::stopgap);
  } else {
    auto context = load_server_context(config_.tls.certificate, config_.tls.key);
    if (!context) return tl::unexpected(context.error());
    tls_ = std::make_unique<ServerTls>(std::move(*context), ServerTls::Own::configured);
  }
  certificate_keeper_ = std::make_unique<CertificateKeeper>(
      CertificateKeeper::Ports{clock_, random_, mail_->view(), mail_->directory_client(),
                               [this] { return core_->map(); },
                               [this](NodeId node) { return control_->is_alive(node); }, *tls_},
      identity_->node_id(), config_.hostname, identity_->seed());
  dkim_key_keeper_ = std::make_unique<DkimKeyKeeper>(
      DkimKeyKeeper::Ports{clock_, random_, mail_->view(), mail_->directory_client(),
                           [this] { return core_->map(); },
                           [this](NodeId node) { return control_->is_alive(node); }},
      identity_->node_id(), identity_->seed());
  srs_secret_keeper_ = std::make_unique<SrsSecretKeeper>(
      SrsSecretKeeper::Ports{clock_, random_, mail_->view(), mail_->directory_client(),
                             [this] { return core_->map(); },
                             [this](NodeId node) { return control_->is_alive(node); }},
      identity_->node_id(), identity_->seed());
  server_ = std::make_unique<TcpServer>(context_, clock_, tls_.get());
  control_->know_own_certificate([this] { return tls_->configured(); });
  control_->count_sessions([this] { return server_->connections_by_listener(); });
  agent_ = std::make_unique<api::AgentCheck>(*control_, clock_);
  for (const auto& listener : config_.listeners) {
    if (auto listening = listen_for(listener); !listening) return listening;
  }
  const auto& local = config_.local_mail;
  if (local.socket.empty()) return {};
  local_mail_ = std::make_unique<LocalMailServer>(
      context_, smtp::Services{mail_->directory(), mail_->delivery(), clock_, random_}, local_submission_,
      LocalMailServer::Settings{local.socket, names_in(local.trusted_users)});
  return local_mail_->listen();
}

Result<void> Node::listen_for(const ListenerConfig& config) {
  Listener listener;
  listener.name = std::string(name_of(config.service));
  listener.address = config.address.host;
  listener.port = config.address.port;
  listener.implicit_tls = has_implicit_tls(config.service);
  listener.connections_max = config_.limits.connections_max;
  listener.refusal = refusal_of(config.service);
  listener.connections_per_address_max = config_.limits.connections_per_address_max;
  if (is_for_mail(config.service)) {
    listener.proxies = config_.proxies;
    listener.tls_enders = config_.tls_enders;
    listener.may_connect = [limits = &mail_->limits()](const std::string& peer) {
      return limits->take(Counted::connections, {peer, {}});
    };
  }
  TcpServer::Serve serve;
  const auto metered = [this](TrafficProtocol protocol, MeteredServe session) -> TcpServer::Serve {
    return [this, protocol, session = std::move(session)](std::unique_ptr<Stream> stream) {
      return serve_metered(std::move(stream), statistics_->meter(), clock_, protocol, mail_->directory(),
                           session);
    };
  };
  const auto smtp_with = [&](const smtp::Settings& settings, TrafficProtocol protocol) {
    return metered(protocol, [this, s = &settings](std::unique_ptr<Stream> stream, ports::Directory& users) {
      const smtp::Services services{users, mail_->delivery(), clock_, random_, nullptr, &mail_->limits()};
      return serve_smtp(std::move(stream), services, s);
    });
  };
  switch (config.service) {
    case Service::smtp:
      serve = smtp_with(mx_, TrafficProtocol::smtp);
      break;
    case Service::submission:
    case Service::submissions:
      serve = smtp_with(submission_, TrafficProtocol::submission);
      break;
    case Service::lmtp:
      serve = smtp_with(lmtp_, TrafficProtocol::lmtp);
      break;
    case Service::imap:
    case Service::imaps:
      serve = metered(TrafficProtocol::imap, [this](std::unique_ptr<Stream> stream, ports::Directory& users) {
        const imap::Services services{users, mail_->mailboxes(), clock_, &workers_};
        return serve_imap(std::move(stream), services, &imap_);
      });
      break;
    case Service::pop3:
    case Service::pop3s:
      serve = metered(TrafficProtocol::pop3, [this](std::unique_ptr<Stream> stream, ports::Directory& users) {
        const pop3::Services services{users, mail_->mailboxes(), clock_};
        return serve_pop3(std::move(stream), services, &pop3_);
      });
      break;
    case Service::http:
    case Service::https:
      serve = [this](std::unique_ptr<Stream> stream) {
        return api::serve_http(std::move(stream), *control_, clock_);
      };
      break;
    case Service::socketmap:
    case Service::tcp_table:
      serve = [services = lookup::Services{mail_->directory(), clock_},
               protocol = config.service == Service::socketmap
                              ? lookup::Protocol::socketmap
                              : lookup::Protocol::tcp_table](std::unique_ptr<Stream> stream) {
        return serve_lookup(std::move(stream), services, protocol);
      };
      break;
    case Service::agent_check:
      serve = [agent = agent_.get()](std::unique_ptr<Stream> stream) {
        return agent->serve(std::move(stream));
      };
      break;
  }
  const auto port = server_->listen(std::move(listener), std::move(serve));
  if (!port) return tl::unexpected(port.error());
  return {};
}

Task<void> Node::end_all_sessions() {
  const auto limit = clock_.now() + session_drain().limit;
  const auto alarm = clock_.call_at(clock_.now() + idle_sessions_max, [this] {
    if (server_) end_sessions(false);
  });
  if (server_) co_await server_->drain(limit);
  if (local_mail_) co_await local_mail_->drain(limit);
}

Task<void> Node::shut_down() {
  tasks_.cancel();
  co_await tasks_.join();
  co_await end_all_sessions();
  if (statistics_) co_await statistics_->write();
  if (mail_) co_await mail_->stop();
  if (resolver_) co_await resolver_->stop();
  if (core_ && core_->running()) {
    core_->stop();
    co_await core_->join();
  }
  if (transport_) co_await transport_->stop();
  context_.stop();
}

}  // namespace gridmail
