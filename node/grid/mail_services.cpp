#include "node/grid/mail_services.hpp"

#include <asio/co_spawn.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr auto look_again = std::chrono::milliseconds(20);
constexpr auto sweep_period = std::chrono::hours(1);
constexpr auto tell_usage_every = std::chrono::seconds(1);
constexpr std::uint64_t read_limits_every = 2;                // rounds
constexpr auto sweep_pause = std::chrono::milliseconds(100);  // between two slots: sweeping yields to mail

SpoolSettings spool_settings(const MailSettings& settings) {
  SpoolSettings spool;
  spool.message_bytes_max = settings.message_bytes_max;
  spool.bytes_in_flight_max = settings.in_flight_bytes_max;
  spool.directory = settings.spool_dir;
  return spool;
}

GridDelivery::Settings delivery_settings(const MailSettings& settings) {
  GridDelivery::Settings delivery;
  delivery.message_bytes_max = settings.message_bytes_max;
  return delivery;
}

std::vector<NodeId> nodes_that_send(GridCore& core) {
  const auto nodes = core.membership().senders();
  return {nodes.begin(), nodes.end()};
}

}  // namespace

void MailServices::Pushes::push(NodeId to, Bytes payload) {
  network_.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::push), std::move(payload));
}

MailServices::MailServices(Parts parts, MailSettings settings)
    : parts_(std::move(parts)),
      pushes_(parts_.network),
      spools_(spool_settings(settings)),
      trace_({.executor = parts_.executor,
              .clock = parts_.clock,
              .store = parts_.store,
              .survey = parts_.core.survey()},
             settings.trace),
      mailbox_client_(parts_.core.requests(), parts_.random),
      directory_client_(parts_.core.requests(), parts_.random),
      queue_client_(parts_.core.requests()),
      view_(parts_.store, parts_.core.directory_age()),
      srs_secrets_(view_, parts_.clock, {parts_.core.self(), parts_.seed}),
      recipient_search_(view_, parts_.clock, srs_secrets_),
      user_delivery_(mailbox_client_, view_, trace_.sink()),
      limits_(parts_.clock),
      hasher_(parts_.random, parts_.workers, settings.passwords),
      log_in_(
          parts_.clock, parts_.random, hasher_, settings.login_delays,
          [this](Bytes told) { tell_others(MessageKind::verified, told); }, &limits_),
      mailbox_service_(parts_.clock, pushes_),
      directory_service_(parts_.clock, parts_.random,
                         [p = parts_](SlotAccessPtr slot, TimePoint until) {
                           return applied_everywhere(p, std::move(slot), until);
                         }),
      directory_(
          view_, recipient_search_, log_in_,
          [this](OldHash old) { tasks_.spawn(parts_.executor, "renew_hash", renew_hash(std::move(old))); }),
      signer_(view_, parts_.clock, parts_.workers, {parts_.core.self(), parts_.seed}),
      sender_notice_({directory_, user_delivery_, queue_client_, trace_.sink(),
                      settings.outbound.client.hostname, &signer_, &recipient_search_}),
      routes_(view_, settings.outbound.route),
      remote_sender_({parts_.executor, parts_.clock, parts_.random, parts_.resolver, parts_.dialer, routes_,
                      sender_notice_},
                     settings.outbound),
      queue_service_({.executor = parts_.executor,
                      .clock = parts_.clock,
                      .random = parts_.random,
                      .deliveries = user_delivery_,
                      .remote = remote_sender_,
                      .queue = queue_client_,
                      .trace = trace_.sink(),
                      .rules = settings.retries,
                      .egress = {parts_.core.self(), parts_.network,
                                 [&core = parts_.core] { return nodes_that_send(core); }}}),
      intake_({.self = parts_.core.self(),
               .executor = parts_.executor,
               .clock = parts_.clock,
               .random = parts_.random,
               .network = parts_.network,
               .store = parts_.store,
               .slots = parts_.core.requests(),
               .deliveries = user_delivery_,
               .queue = queue_client_,
               .alive = [&core = parts_.core](
                            NodeId node) { return core.leases().is_alive(node, std::chrono::seconds(1)); },
               .full = [&core = parts_.core](NodeId node) { return core.leases().is_full(node); }}),
      mailboxes_({mailbox_client_, spools_, listener_, parts_.clock, parts_.workers}),
      delivery_({.clock = parts_.clock,
                 .random = parts_.random,
                 .users = user_delivery_,
                 .queue = queue_client_,
                 .intake = intake_,
                 .trace = trace_.sink(),
                 .workers = parts_.workers,
                 .begin_spool = [this] { return spools_.begin(); },
                 .signer = &signer_,
                 .search = &recipient_search_,
                 .placement = &queue_service_.placement()},
                delivery_settings(settings)),
      admin_({parts_.clock, parts_.random, view_, directory_client_, mailbox_client_, hasher_, log_in_}),
      domains_({parts_.clock, parts_.random, view_, directory_client_,
                [&core = parts_.core] { return core.map(); }, parts_.workers}),
      recipients_({view_, directory_client_}),
      access_({parts_.clock, parts_.random, view_, directory_client_, directory_}) {
  parts_.core.serve(ServiceId::mailbox, mailbox_service_);
  parts_.core.serve(ServiceId::directory, directory_service_);
  parts_.core.serve(ServiceId::queue, queue_service_);
  parts_.core.serve(ServiceId::canary, canary_service_);
  parts_.core.survey().answer_with(SurveyTopic::queue, [this](const Bytes&) { return tell_queue(); });
}

Task<Result<Bytes>> MailServices::tell_queue() {
  const auto digest = co_await queue_service_.digest();
  co_return digest.SerializeAsString();
}

void MailServices::tell_others(MessageKind kind, const Bytes& payload) {
  const auto map = parts_.core.map();
  if (!map) return;
  for (const auto& member : map->members) {
    if (member.id == parts_.core.self()) continue;
    parts_.network.send(member.id, Channel::operations, static_cast<std::uint16_t>(kind), payload);
  }
}

Task<void> MailServices::keep_limits() {
  for (std::uint64_t round = 0;; ++round) {
    if (round % read_limits_every == 0) co_await read_limits();
    const auto map = parts_.core.map();
    const auto told = limits_.tell(map ? map->members.size() : 1);
    if (!told.empty()) tell_others(MessageKind::usage, told);
    co_await sleep_for(parts_.clock, tell_usage_every);
  }
}

/// What this version does not understand, a later one wrote: the limits stay as they are.
Task<void> MailServices::read_limits() {
  const auto settings = co_await view_.settings();
  if (!settings) co_return;
  const auto table = LimitTable::parse(settings->limits());
  if (table) {
    limits_.set(*table);
  } else {
    log(Level::warn, "limits.not_understood", {{"error", table.error().text}});
  }
}

Task<void> MailServices::renew_hash(OldHash old) {
  const auto user = old.user;
  const auto renewed = co_await admin_.renew_hash(std::move(old));
  if (renewed) {
    log(Level::info, "user.hash_renewed", {{"user", user.hex()}});
  } else if (renewed.error().code != Errc::conflict) {  // a conflict: somebody else was faster
    log(Level::warn, "user.hash_not_renewed", {{"user", user.hex()}, {"error", renewed.error().text}});
  }
}

Task<Result<void>> MailServices::start() {
  remote_sender_.start();
  queue_service_.start();
  tasks_.spawn(parts_.executor, "sweep", sweep_now_and_then());
  tasks_.spawn(parts_.executor, "limits", keep_limits());
  if (auto begun = co_await trace_.start(); !begun) co_return begun;
  co_return co_await intake_.start();
}

Task<void> MailServices::sweep_now_and_then() {
  for (;;) {
    co_await sleep_for(parts_.clock, sweep_period);
    const auto map = parts_.core.map();
    for (SlotId slot = 0; map && slot < map->slots(); ++slot) {
      if (map->rows[slot].primary != parts_.core.self()) continue;
      co_await asio::co_spawn(parts_.core.slots().strand_of(slot), sweep_slot(slot), asio::use_awaitable);
      co_await sleep_for(parts_.clock, sweep_pause);
    }
    const auto removed = co_await admin_.sweep_removed_users();
    if (!removed) log(Level::warn, "sweep.removed_users_failed", {{"error", removed.error().text}});
  }
}

Task<void> MailServices::sweep_slot(SlotId slot) {
  auto access = parts_.core.slots().access(slot);
  if (!access) co_return;
  const auto swept = co_await mailbox_service_.sweep(std::move(access));
  if (!swept) log(Level::debug, "sweep.failed", {{"slot", slot}, {"error", swept.error().text}});
}

Task<void> MailServices::stop() {
  tasks_.cancel();
  co_await tasks_.join();
  co_await delivery_.stop();
  co_await intake_.stop();
  co_await queue_service_.stop();
  co_await remote_sender_.stop();
  co_await directory_service_.stop();
  co_await trace_.stop();
}

Task<std::vector<NodeId>> MailServices::applied_everywhere(Parts parts, SlotAccessPtr slot, TimePoint until) {
  auto* follower = parts.core.follower();
  const auto mine = parts.core.slots().find(slot->slot());
  if (follower == nullptr || !mine) co_return std::vector<NodeId>{};
  const Position at = mine->committed();
  follower->changed();
  for (;;) {
    auto behind = follower->behind(at);
    if (behind.empty() || parts.clock.now() >= until) co_return behind;
    co_await sleep_for(parts.clock, look_again);
  }
}

}  // namespace gridmail
