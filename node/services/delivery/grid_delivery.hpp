// GridDelivery: the protocols' Delivery port: accepted messages into mailboxes, the queue, or intake.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "node/runtime/allowance.hpp"
#include "node/runtime/task_group.hpp"
#include "node/runtime/worker_pool.hpp"
#include "node/services/directory/recipient_search.hpp"
#include "node/services/dkim/message_signer.hpp"
#include "protocols/ports/delivery.hpp"
#include "storage/mailbox/message_body.hpp"
#include "storage/queue/entry_placement.hpp"
#include "storage/queue/intake_service.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/user_delivery.hpp"

namespace gridmail {

/// Thread-safe; what it is given must outlive it. Lifecycle: stop() before destruction.
///
/// A message is parsed once. Up to `direct_recipients_max` recipients get it at once, each under a GUID of
/// its own; more, or any who are elsewhere or of whose delivery the sender is to be told, become one queue
/// entry. What meets an unavailable slot goes
/// together into one intake record.
class GridDelivery final : public ports::Delivery {
 public:
  struct Settings {
    std::uint64_t message_bytes_max = 50ULL << 20;
    std::size_t direct_recipients_max = 64;
    /// An available slot is waited for so long; the client is then told to come again.
    Duration slot_wait_max = std::chrono::seconds(15);
  };
  struct Ports {
    Clock& clock;
    Random& random;
    UserDelivery& users;
    QueueClient& queue;
    IntakeService& intake;
    TraceSink& trace;
    WorkerPool* workers = nullptr;  ///< parses long messages; without one it is done where it is called
    /// Makes the spools; each is a MessageBody too, and counts against the node's bytes in flight.
    std::function<std::unique_ptr<ports::Spool>()> begin_spool;
    MessageSigner* signer = nullptr;  ///< of what is submitted and leaves the grid; none: it goes unsigned
    const RecipientSearch* search = nullptr;  ///< of who gets what is for a list or is forwarded
    EntryPlacement* placement = nullptr;      ///< where queue entries come to lie; none: anywhere
  };
  GridDelivery(Ports ports, Settings settings);

  [[nodiscard]] std::unique_ptr<ports::Spool> begin_message() override { return ports_.begin_spool(); }
  [[nodiscard]] Task<Result<void>> deliver(ports::Incoming message) override;
  [[nodiscard]] Task<std::vector<Result<void>>> deliver_each(ports::Incoming message) override;
  [[nodiscard]] std::uint64_t message_bytes_max() const override { return settings_.message_bytes_max; }

  /// Cancels and joins deliveries whose client has gone.
  [[nodiscard]] Task<void> stop();

 private:
  struct Transaction;
  using TransactionPtr = std::shared_ptr<Transaction>;

  /// Whether the client hears of all recipients together, or of each.
  enum class Answers : std::uint8_t { one, each };
  [[nodiscard]] Task<Result<TransactionPtr>> begin(ports::Incoming message, Answers answers);
  [[nodiscard]] Task<Result<void>> make_lines(TransactionPtr transaction);
  [[nodiscard]] Task<Result<void>> make_lines_for_others(TransactionPtr transaction,
                                                         const ports::Incoming& message);
  [[nodiscard]] Task<Result<void>> add_recipients(TransactionPtr transaction, const ports::Incoming& message);
  [[nodiscard]] Result<bool> has_been_at(const Transaction& transaction, const std::string& address) const;
  [[nodiscard]] Task<Result<void>> expand(TransactionPtr transaction, const ports::Recipient& recipient);
  [[nodiscard]] Task<Result<Bytes>> forwarded_by(TransactionPtr transaction, const ports::Incoming& message);
  [[nodiscard]] Task<Result<std::string>> signature(const Transaction& transaction,
                                                    const ports::Incoming& message);
  struct Parsed {
    Bytes structure;  ///< encoded
    std::string message_id;
  };
  [[nodiscard]] Task<Result<Parsed>> parse(const Bytes& prefix, const MessageBody& body);
  [[nodiscard]] static Parsed parse_whole(const Bytes& prefix, const Bytes& body);
  void begin_received(Transaction& transaction, const ports::Incoming& message, std::string message_id);
  void note(const Transaction& transaction, trace::Event::What what, const Result<void>& outcome,
            const std::string& entry = {});
  /// One outcome per recipient.
  [[nodiscard]] Task<void> run(TransactionPtr transaction);
  [[nodiscard]] Task<void> deliver_one(TransactionPtr transaction, std::size_t index);
  [[nodiscard]] static bool is_kept_from_all(Transaction& transaction);
  void note_looping(const Transaction& transaction);
  void note_turned_away(const Transaction& transaction);
  [[nodiscard]] Task<void> take_in_missed(TransactionPtr transaction);
  [[nodiscard]] bool is_for_queue(const Transaction& transaction) const;
  [[nodiscard]] Task<Result<void>> enqueue(TransactionPtr transaction);
  [[nodiscard]] Task<Result<void>> submit(TransactionPtr transaction, QueueEntryId entry);
  [[nodiscard]] SlotClient::Options slot_options() const;
  [[nodiscard]] bool slot_was_unavailable(const Result<void>& outcome, TimePoint begun) const;
  [[nodiscard]] IntakePatience patience_for(const Transaction& transaction) const;

  Ports ports_;
  Settings settings_;
  Allowance parse_bytes_;
  TaskGroup tasks_{"delivery"};
};

/// What delivery puts in front of a message: Return-Path (RFC 5321, section 4.4), then `trace_header`.
[[nodiscard]] Bytes delivery_prefix(const std::string& sender, const std::string& fields);

}  // namespace gridmail
