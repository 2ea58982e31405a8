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
  /// What a chunk adds to a piece.
  struct Cut {
    std::size_t piece;
    std::size_t first;
    std::size_t length;
  };
  /// Errors: not_found "message".
  [[nodiscard]] Task<std::vector<Result<mailbox::MessageRecord>>> messages_of(std::vector<Bytes> emails);
  /// A piece is shorter than its range where the message ends.
  [[nodiscard]] Task<std::vector<Result<Bytes>>> pieces_of(std::span<const Range> ranges);
  static void append_cut(const Cut& cut, Snapshot::Value chunk, Result<Bytes>& piece);

  std::shared_ptr<const Snapshot> snapshot_;
  MailboxKeys keys_;
};

}  // namespace gridmail
