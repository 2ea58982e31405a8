// Spools: messages on their way in, in memory at first, then in an unlinked file (design, section 7). Shared
// by IMAP APPEND and delivery.
#pragma once
#include <atomic>
#include <filesystem>
#include <memory>

#include "protocols/ports/mailboxes.hpp"
#include "storage/mailbox/message_body.hpp"

namespace gridmail {

/// The node's bytes in flight. Thread-safe.
class SpoolBudget {
 public:
  explicit SpoolBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  /// False when the budget would be passed; nothing is taken then.
  [[nodiscard]] bool take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) { used_ -= bytes; }
  [[nodiscard]] std::uint64_t used() const { return used_; }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_{0};
};

struct SpoolSettings {
  std::uint64_t message_bytes_max = 50ULL << 20;
  std::uint64_t bytes_in_flight_max = 1ULL << 30;
  std::size_t memory_bytes_max = 256 * 1024;     ///< of one message
  std::filesystem::path directory = "/var/tmp";  ///< for what does not fit in memory
};

/// One message. Belongs to one task at a time.
class MessageSpool final : public ports::Spool, public MessageBody {
 public:
  /// `settings` and `budget` must outlive the spool.
  MessageSpool(const SpoolSettings& settings, SpoolBudget& budget) : settings_(settings), budget_(budget) {}
  ~MessageSpool() override;
  MessageSpool(const MessageSpool&) = delete;
  MessageSpool& operator=(const MessageSpool&) = delete;

  [[nodiscard]] Result<void> append(BytesView bytes) override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<Bytes> read(std::uint64_t offset, std::size_t length) const override;

  /// All of it in one piece, for the MIME parser; nothing may be appended afterwards. Valid while the spool
  /// lives. Errors: io.
  [[nodiscard]] Result<BytesView> whole() const;
  [[nodiscard]] bool spilled() const { return file_ >= 0; }

 private:
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> write(BytesView bytes);

  const SpoolSettings& settings_;
  SpoolBudget& budget_;
  Bytes memory_;  // until it is spilled
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t taken_ = 0;  // of the budget
  mutable void* mapped_ = nullptr;
};

/// One per node. Thread-safe; must outlive its spools.
class Spools {
 public:
  explicit Spools(SpoolSettings settings)
      : settings_(std::move(settings)), budget_(settings_.bytes_in_flight_max) {}
  [[nodiscard]] std::unique_ptr<MessageSpool> begin() {
    return std::make_unique<MessageSpool>(settings_, budget_);
  }
  [[nodiscard]] std::uint64_t bytes_in_flight() const { return budget_.used(); }

 private:
  const SpoolSettings settings_;
  SpoolBudget budget_;
};

}  // namespace gridmail
