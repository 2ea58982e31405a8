// The requests that change a user's mailboxes, each drafted as one operation (or as several, where it says
// so).
#pragma once
#include <vector>

#include "storage/mailbox/user_change.hpp"

namespace gridmail {

inline constexpr std::size_t chunk_bytes = 256 * 1024;
/// Bytes of a message that travel inside the request that adds it; longer ones are staged.
inline constexpr std::size_t inline_bytes_max = 768 * 1024;
/// Structure and prefix together.
inline constexpr std::size_t message_record_bytes_max = 512 * 1024;
inline constexpr std::uint32_t chunks_max = 4096;
/// Messages that one operation stores, copies, moves or expunges.
inline constexpr std::size_t messages_per_operation = 1000;

/// Where a request stands that takes several operations. Between two of them nothing else changes the user.
struct Progress {
  bool more = false;  ///< set by a step that another one must follow
  /// COPY: what is staged, from `first` on.
  struct Staged {
    bool seen = false;
    bool deleted = false;
    std::uint64_t size = 0;
  };
  std::vector<Staged> staged;
  Uid first = 0;
  /// RENAME INBOX: the new mailbox.
  MailboxId target = 0;
  bool begun = false;
};

using ChangeAnswer = Task<Result<mailbox::Answer>>;

[[nodiscard]] ChangeAnswer create_user(UserChange& change);
/// In several operations.
[[nodiscard]] ChangeAnswer remove_user(UserChange& change, Progress& progress);

[[nodiscard]] ChangeAnswer create_mailbox(UserChange& change, const mailbox::Create& request);
[[nodiscard]] ChangeAnswer remove_mailbox(UserChange& change, const mailbox::Remove& request);
[[nodiscard]] ChangeAnswer subscribe(UserChange& change, const mailbox::Subscribe& request);
/// RENAME of INBOX may take several operations; a break leaves the rest of the messages in INBOX.
[[nodiscard]] ChangeAnswer rename_mailbox(UserChange& change, const mailbox::Rename& request,
                                          Progress& progress);

[[nodiscard]] ChangeAnswer stage_chunk(UserChange& change, const mailbox::StageChunk& request);
[[nodiscard]] ChangeAnswer add_message(UserChange& change, const mailbox::Add& request);
[[nodiscard]] ChangeAnswer store_flags(UserChange& change, const mailbox::Store& request);
/// Fills in the entries that a repeated STORE answers: its first outcome is kept without them.
[[nodiscard]] Task<Result<void>> refresh_stored(UserChange& change, const mailbox::Store& request,
                                                mailbox::Stored& stored);
/// More than `messages_per_operation` take several operations and become visible with the last.
[[nodiscard]] ChangeAnswer copy_messages(UserChange& change, const mailbox::Copy& request,
                                         Progress& progress);
[[nodiscard]] ChangeAnswer move_messages(UserChange& change, const mailbox::Move& request);
[[nodiscard]] ChangeAnswer expunge_messages(UserChange& change, const mailbox::Expunge& request);

/// Steps that several requests share.
/// Makes the parents of `name` that are missing.
[[nodiscard]] Task<Result<void>> create_parents(UserChange& change, const std::string& name);
/// Makes the mailbox `name`, which must have none.
[[nodiscard]] Task<Result<MailboxChange*>> create_named(UserChange& change, const std::string& name,
                                                        mailbox::SpecialUse use);
struct NamedRecord {
  std::string name;
  mailbox::NameRecord record;
};
/// The mailboxes below a name, at any depth.
[[nodiscard]] Task<Result<std::vector<NamedRecord>>> mailboxes_below(UserChange& change, std::string name);
/// Moves messages from one mailbox to another under new UIDs; answers these.
[[nodiscard]] Task<Result<UidSet>> move_entries(MailboxChange& from, MailboxChange& to, UidSet uids);

/// An answer that says only that it is done.
[[nodiscard]] mailbox::Answer done();

}  // namespace gridmail
