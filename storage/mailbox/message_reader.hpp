// MessageReader: what one user's messages hold, from one snapshot of the slot. By e-mail id, so it answers
// also after an EXPUNGE until the sweep.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "storage/mailbox/mailbox_keys.hpp"
#include "storage/mailbox/records.pb.h"
#include "storage/replication/operation.hpp"

namespace gridmail {

/// On the slot's strand, which it leaves to others between slices. One reader per request. Errors of all:
/// invalid, corrupted, io.
class MessageReader {
 public:
  using Range = mailbox::Read::Range;

  MessageReader(std::shared_ptr<const Snapshot> snapshot, MailboxKeys keys)
      : snapshot_(std::move(snapshot)), keys_(std::move(keys)) {}

  /// Errors: not_found "user".
  [[nodiscard]] Task<Result<mailbox::StructurePage>> structures(std::vector<Bytes> emails);
  /// The ranges in their order, as far as an answer goes. A range that cannot be read ends the answer before
  /// it; the first one's error is the answer. Errors: not_found "message".
  [[nodiscard]] Task<Result<mailbox::Content>> read(std::vector<Range> ranges);

 private:
  /// Neighbouring ranges of one message, and what was read of them.
  struct Part {
    std::span<const Range> ranges;
    std::vector<Bytes> pieces;
    Result<void> outcome;  ///< of the first range without a piece
    bool is_cut = false;   ///< the last piece is shorter than its range
  };
  [[nodiscard]] static std::vector<Part> parts_of(const std::vector<Range>& ranges);
  /// All of them at once: what is not in memory is waited for together.
  [[nodiscard]] Task<void> read_all(std::span<Part> parts);
  [[nodiscard]] Task<void> read_part(Part& part);
  [[nodiscard]] Task<Result<Bytes>> read_range(EmailId email, const mailbox::MessageRecord& message,
                                               std::uint64_t offset, std::uint64_t length);

  std::shared_ptr<const Snapshot> snapshot_;
  MailboxKeys keys_;
};

}  // namespace gridmail
