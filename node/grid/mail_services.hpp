// MailServices: everything of one node that is about mail, on top of its GridCore: the services of its slots,
// intake, and the ports of the protocols. The daemon and the simulator run the same ones.
//
// Lifecycle: construct (adds its services to the core) → core.load(), core.start() → start() → stop() →
// core.stop(), core.join() → destruction before the core's. The parts outlive it.
#pragma once
#include "gossip/message_kind.hpp"
#include "node/grid/canary_service.hpp"
#include "node/grid/grid_core.hpp"
#include "node/services/delivery/grid_delivery.hpp"
#include "node/services/directory/access_admin.hpp"
#include "node/services/directory/domain_admin.hpp"
#include "node/services/directory/grid_directory.hpp"
#include "node/services/directory/recipient_admin.hpp"
#include "node/services/directory/user_admin.hpp"
#include "node/services/limits/usage_limits.hpp"
#include "node/services/mailboxes/grid_mailboxes.hpp"
#include "node/services/outbound/remote_sender.hpp"
#include "storage/directory/directory_service.hpp"
#include "storage/mailbox/mailbox_service.hpp"
#include "storage/queue/intake_service.hpp"
#include "storage/queue/queue_service.hpp"
#include "storage/trace/trace_service.hpp"

namespace gridmail {

struct MailSettings {
  std::uint64_t message_bytes_max = 50ULL << 20;
  std::uint64_t in_flight_bytes_max = 256ULL << 20;
  std::filesystem::path spool_dir = "/var/tmp";
  LoginDelays::Settings login_delays;
  PasswordHasher::Settings passwords;
  OutboundSettings outbound;
  RetryRules retries;
  TraceBook::Settings trace;
};

class MailServices {
 public:
  struct Parts {
    GridCore& core;
    Clock& clock;
    Random& random;
    Network& network;
    Store& store;
    ports::Resolver& resolver;
    Dialer& dialer;
    asio::any_io_executor executor;  ///< for what is bound to no slot
    WorkerPool* workers = nullptr;   ///< none in the simulator
    Bytes seed = {};                 ///< this node's private key; none in the simulator
  };
  MailServices(Parts parts, MailSettings settings);

  /// The core has been started. Errors: io, corrupted (the intake journal).
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Task<void> stop();

  // Hooks of the core.
  void on_map(const MapPtr& map) { listener_.on_map(map); }
  void on_push(NodeId from, Bytes payload) { listener_.on_push(from, std::move(payload)); }
  void on_intake(NodeId from, Bytes payload) { intake_.on_message(from, std::move(payload)); }
  void on_egress(NodeId from, Bytes payload) { queue_service_.on_egress(from, std::move(payload)); }
  void on_verified(BytesView payload) { log_in_.take_verified(payload); }
  void on_usage(BytesView payload) { limits_.take_told(payload); }

  // What protocols and administration use.
  [[nodiscard]] ports::Mailboxes& mailboxes() { return mailboxes_; }
  [[nodiscard]] ports::Directory& directory() { return directory_; }
  [[nodiscard]] ports::Delivery& delivery() { return delivery_; }
  [[nodiscard]] UsageLimits& limits() { return limits_; }
  [[nodiscard]] UserAdmin& admin() { return admin_; }
  [[nodiscard]] DomainAdmin& domains() { return domains_; }
  [[nodiscard]] RecipientAdmin& recipients() { return recipients_; }
  [[nodiscard]] AccessAdmin& access() { return access_; }
  [[nodiscard]] PasswordHasher& hasher() { return hasher_; }
  [[nodiscard]] DirectoryClient& directory_client() { return directory_client_; }
  [[nodiscard]] DirectoryView& view() { return view_; }
  [[nodiscard]] MailboxClient& mailbox_client() { return mailbox_client_; }
  [[nodiscard]] QueueClient& queue() { return queue_client_; }
  [[nodiscard]] TraceService& trace() { return trace_; }
  [[nodiscard]] IntakeService& intake() { return intake_; }
  /// What waits in the slots whose primary is here, as it was counted last.
  [[nodiscard]] Task<queue::Digest> queued_here() { return queue_service_.last_digest(); }
  [[nodiscard]] std::uint64_t bytes_in_flight() const { return spools_.bytes_in_flight(); }
  [[nodiscard]] std::uint64_t failed_log_ins() const { return log_in_.failures(); }

 private:
  class Pushes final : public PushSender {
   public:
    explicit Pushes(Network& network) : network_(network) {}
    void push(NodeId to, Bytes payload) override;

   private:
    Network& network_;
  };
  /// What a change of the directory waits for: every live member has applied it.
  [[nodiscard]] static Task<std::vector<NodeId>> applied_everywhere(Parts parts, SlotAccessPtr slot,
                                                                    TimePoint until);

  [[nodiscard]] Task<Result<Bytes>> tell_queue();
  void tell_others(MessageKind kind, const Bytes& payload);
  /// Follows the directory's limits, and tells the other nodes what clients have done here.
  [[nodiscard]] Task<void> keep_limits();
  [[nodiscard]] Task<void> read_limits();
  [[nodiscard]] Task<void> renew_hash(OldHash old);
  /// Sweeps the slots whose primary this node is, one after the other, and users removed long ago.
  [[nodiscard]] Task<void> sweep_now_and_then();
  [[nodiscard]] Task<void> sweep_slot(SlotId slot);

  Parts parts_;
  TaskGroup tasks_{"mail"};
  Pushes pushes_;
  ChangeListener listener_;
  Spools spools_;
  TraceService trace_;
  MailboxClient mailbox_client_;
  DirectoryClient directory_client_;
  QueueClient queue_client_;
  DirectoryView view_;
  SrsSecrets srs_secrets_;
  RecipientSearch recipient_search_;
  UserDelivery user_delivery_;
  UsageLimits limits_;
  PasswordHasher hasher_;
  LogIn log_in_;
  MailboxService mailbox_service_;
  DirectoryService directory_service_;
  GridDirectory directory_;
  MessageSigner signer_;
  SenderNotice sender_notice_;
  RouteTable routes_;
  RemoteSender remote_sender_;
  QueueService queue_service_;
  CanaryService canary_service_;
  IntakeService intake_;
  GridMailboxes mailboxes_;
  GridDelivery delivery_;
  UserAdmin admin_;
  DomainAdmin domains_;
  RecipientAdmin recipients_;
  AccessAdmin access_;
};

}  // namespace gridmail
