// MessageBody: bytes of a message on the front, read in pieces while they are handed to a slot.
#pragma once
#include <cstdint>

#include "node/base/bytes.hpp"
#include "node/base/result.hpp"

namespace gridmail {

class MessageBody {
 public:
  virtual ~MessageBody() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Exactly `length` bytes from `offset`; both within the body. Errors: io.
  [[nodiscard]] virtual Result<Bytes> read(std::uint64_t offset, std::size_t length) const = 0;
};

/// A body held in memory.
class MemoryBody final : public MessageBody {
 public:
  explicit MemoryBody(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Result<Bytes> read(std::uint64_t offset, std::size_t length) const override {
    return bytes_.substr(offset, length);
  }

 private:
  Bytes bytes_;
};

}  // namespace gridmail
