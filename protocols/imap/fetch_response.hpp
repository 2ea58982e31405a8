// One FETCH response's items, as far as entry and structure give them (RFC 3501, section 7.4.2).
#pragma once
#include <optional>
#include <string>

#include "protocols/imap/command.hpp"
#include "protocols/imap/selected_mailbox.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::imap {

/// What of a message the items need.
struct FetchNeeds {
  bool entry = false;
  bool structure = false;
  bool sets_seen = false;
};
[[nodiscard]] FetchNeeds needs_of(const Fetch& fetch);

/// One message about to be described, by what outlives this. `structure` may be null where needs_of() says
/// so.
struct FetchSubject {
  SequenceNumber number = 0;
  const ports::Entry* entry = nullptr;
  bool recent = false;
  bool seen_now = false;  ///< \Seen was set by this very command, so the flags are told
  const mime::Structure* structure = nullptr;
};

/// Writes "* 12 FETCH (FLAGS () UID 57 …" without the sections, and puts a space between items.
class FetchItemWriter {
 public:
  FetchItemWriter(std::string& out, SequenceNumber number);
  /// Where the next item goes: after its name and a space.
  std::string& item(std::string_view name);
  void finish();

 private:
  std::string& out_;
  bool first_ = true;
};

/// `with_uid`: the command came as UID FETCH.
void append_plain_items(FetchItemWriter& writer, const Fetch& fetch, const FetchSubject& subject,
                        bool with_uid);

/// The bytes of the message that make up the section, its partial range applied; for HEADER.FIELDS the whole
/// header. Nothing: there is no such section, which is answered NIL.
[[nodiscard]] std::optional<mime::ByteRange> range_of(const Section& section, const FetchSubject& subject);

/// What partial leaves of `length` bytes (section 6.4.5: beyond the end it is empty).
[[nodiscard]] mime::ByteRange clip(const std::optional<Section::Partial>& partial, std::uint64_t length);

}  // namespace gridmail::imap
