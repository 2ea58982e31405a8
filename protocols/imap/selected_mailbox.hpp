// SelectedMailbox: what one client knows of the mailbox it has selected. Sequence numbers live here and
// nowhere else (design, section 4). Pure; some bytes per run of UIDs, nothing per message.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/base/uid_set.hpp"
#include "protocols/imap/sequence_set.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

using SequenceNumber = std::uint32_t;  ///< RFC 3501, section 2.3.1.2; from 1

/// What the client has yet to hear, in the order in which it must be sent: first `expunged` (each number
/// counted after the ones before it in the list), then the counts, then the flags.
struct Updates {
  std::vector<SequenceNumber> expunged;
  std::optional<std::size_t> exists;
  std::optional<std::size_t> recent;
  bool keywords_grew = false;
  struct FlagUpdate {
    SequenceNumber number;
    bool recent;
    ports::Entry entry;
  };
  std::vector<FlagUpdate> flags;
};

/// Gives sequence numbers for UIDs asked in ascending order, in one walk over the runs.
class SequenceCursor {
 public:
  explicit SequenceCursor(const UidSet& announced) : runs_(announced.runs()) {}
  /// 0 when `uid` is not announced.
  [[nodiscard]] SequenceNumber number_of(Uid uid);

 private:
  const std::vector<UidSet::Run>& runs_;
  std::size_t run_ = 0;
  SequenceNumber before_ = 0;  // messages in the runs passed
};

/// Invariants: a UID, once announced, keeps its place until its EXPUNGE is announced; expunged ⊆ announced;
/// recent ⊆ announced.
class SelectedMailbox {
 public:
  SelectedMailbox(const ports::OpenedMailbox& opened, bool read_only);

  [[nodiscard]] MailboxId id() const { return id_; }
  [[nodiscard]] UidValidity uid_validity() const { return uid_validity_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  [[nodiscard]] ModSeq modseq() const { return modseq_; }
  [[nodiscard]] std::size_t exists() const { return exists_; }
  [[nodiscard]] const UidSet& announced() const { return announced_; }
  /// Gone, but the client has not been told.
  [[nodiscard]] const UidSet& expunged() const { return expunged_; }
  [[nodiscard]] const UidSet& recent() const { return recent_; }
  [[nodiscard]] const std::vector<std::string>& keywords() const { return keywords_; }

  /// The announced messages that the set names. Nothing when it names a sequence number that does not exist,
  /// "*" in an empty mailbox included: that is answered BAD (RFC 3501, section 9, seq-number).
  [[nodiscard]] std::optional<UidSet> resolve_numbers(const SequenceSet& set) const;
  /// UIDs that do not exist are left out (section 6.4.8).
  [[nodiscard]] UidSet resolve_uids(const SequenceSet& set) const;

  /// The client was or is about to be sent the entry's flags; changes() will repeat them, and it need not
  /// hear twice. True when a keyword is new to it: then it must be told by FLAGS first (section 7.2.6).
  bool note_shown(const ports::Entry& entry);
  /// Messages that this session's own command removed.
  void note_expunged(const UidSet& uids);
  /// Takes in what changed, and returns what may be sent now. EXPUNGE is held back until `expunges_allowed`
  /// (section 7.4.1).
  [[nodiscard]] Updates take(ports::Changes changes, bool expunges_allowed);
  /// The same without news: what was held back.
  [[nodiscard]] Updates take_held_back();

 private:
  void announce_expunged(Updates& updates);
  void collect_flags(std::vector<ports::Entry> changed, Uid known_before, Updates& updates);
  bool learn_keywords(const ports::Flags& flags);

  MailboxId id_;
  UidValidity uid_validity_;
  bool read_only_;
  ModSeq modseq_;
  Uid uid_next_;  // lower ones were announced, or are gone
  std::size_t exists_;
  UidSet announced_;
  UidSet expunged_;
  UidSet recent_;
  std::vector<std::string> keywords_;
  std::vector<std::pair<Uid, ModSeq>> shown_;  // newer than modseq_, ascending by UID
};

}  // namespace gridmail::imap
