// The Delivery port in memory, for tests of SMTP and LMTP, with failures on demand.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocols/ports/delivery.hpp"

namespace gridmail::testing {

/// One thread. Keeps what was delivered, in order.
class MemoryDelivery final : public ports::Delivery {
 public:
  struct Delivered {
    std::string sender;
    std::vector<ports::Recipient> recipients;
    std::string trace_header;
    std::string bytes;
    ports::Returned returned = ports::Returned::unsaid;
    std::string envelope_id;
    bool utf8 = false, binary = false;
    ports::TlsWish tls = ports::TlsWish::unsaid;
  };
  [[nodiscard]] const std::vector<Delivered>& delivered() const { return delivered_; }
  /// Spools handed out and not yet destroyed.
  [[nodiscard]] std::size_t open_spools() const { return static_cast<std::size_t>(spools_.use_count() - 1); }

  /// Every delivery fails so, until it is cleared.
  void fail_with(std::optional<Errc> code) { failure_ = code; }
  /// deliver_each fails so for this user.
  void fail_for(UserId user, Errc code) { user_failures_[user] = code; }
  /// Spools fail so once they would hold more than `bytes`.
  void fail_appends_over(std::uint64_t bytes, Errc code) { append_failure_ = {bytes, code}; }
  void set_message_bytes_max(std::uint64_t bytes) { message_bytes_max_ = bytes; }

  [[nodiscard]] std::unique_ptr<ports::Spool> begin_message() override;
  [[nodiscard]] Task<Result<void>> deliver(ports::Incoming message) override;
  [[nodiscard]] Task<std::vector<Result<void>>> deliver_each(ports::Incoming message) override;
  [[nodiscard]] std::uint64_t message_bytes_max() const override { return message_bytes_max_; }

 private:
  struct AppendFailure {
    std::uint64_t bytes;
    Errc code;
  };
  class MemorySpool;
  void keep(ports::Incoming message);

  std::vector<Delivered> delivered_;
  std::optional<Errc> failure_;
  std::map<UserId, Errc> user_failures_;
  std::optional<AppendFailure> append_failure_;
  std::uint64_t message_bytes_max_ = 50 * 1024 * 1024;
  std::shared_ptr<int> spools_ = std::make_shared<int>(0);  // its use count counts them
};

}  // namespace gridmail::testing
