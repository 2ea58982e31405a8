#include "tests/support/memory_delivery.hpp"

#include <algorithm>

namespace gridmail::testing {

class MemoryDelivery::MemorySpool final : public ports::Spool {
 public:
  explicit MemorySpool(const MemoryDelivery& owner) : owner_(owner), open_(owner.spools_) {}
  Result<void> append(BytesView bytes) override {
    const std::uint64_t size = bytes_.size() + bytes.size();
    if (owner_.append_failure_ && size > owner_.append_failure_->bytes) {
      return fail(owner_.append_failure_->code, "as the test asked");
    }
    if (size > owner_.message_bytes_max_) return fail(Errc::too_large, "message too large");
    bytes_.append(bytes);
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  const MemoryDelivery& owner_;
  std::shared_ptr<int> open_;
  std::string bytes_;
};

std::unique_ptr<ports::Spool> MemoryDelivery::begin_message() {
  return std::make_unique<MemorySpool>(*this);
}

Task<Result<void>> MemoryDelivery::deliver(ports::Incoming message) {
  if (failure_) co_return fail(*failure_, "as the test asked");
  keep(std::move(message));
  co_return Result<void>{};
}

Task<std::vector<Result<void>>> MemoryDelivery::deliver_each(ports::Incoming message) {
  std::vector<Result<void>> results;
  for (const auto& recipient : message.recipients) {
    const auto found = user_failures_.find(recipient.user);
    const auto failure = found != user_failures_.end() ? std::optional(found->second) : failure_;
    results.push_back(failure ? Result<void>(fail(*failure, "as the test asked")) : Result<void>{});
  }
  std::vector<ports::Recipient> served;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i]) served.push_back(std::move(message.recipients[i]));
  }
  message.recipients = std::move(served);
  if (!message.recipients.empty()) keep(std::move(message));
  co_return results;
}

void MemoryDelivery::keep(ports::Incoming message) {
  delivered_.push_back({std::move(message.sender), std::move(message.recipients),
                        std::move(message.trace_header), static_cast<MemorySpool&>(*message.message).take(),
                        message.returned, std::move(message.envelope_id), message.utf8, message.binary,
                        message.tls});
}

}  // namespace gridmail::testing
