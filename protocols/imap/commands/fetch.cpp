#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <iterator>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/fetch_response.hpp"
#include "protocols/imap/message_loader.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/uid_batch.hpp"
#include "protocols/imap/updates_response.hpp"
#include "protocols/mime/header.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t batch_messages = 1000;
constexpr std::size_t batch_content =
    250;  // structures take some KiB each; \Seen is set for no more in advance
constexpr std::uint64_t piece_bytes = 256 * 1024;

/// One FETCH or UID FETCH, batch by batch.
class Fetching {
 public:
  Fetching(CommandContext& context, const Fetch& fetch, bool with_uid)
      : context_(context),
        fetch_(fetch),
        needs_(needs_of(fetch)),
        with_uid_(with_uid),
        cursor_(context.selected().announced()) {}

  Task<Result<void>> run(UidSet uids) {
    const bool content = needs_.structure || needs_.sets_seen;
    UidBatches batches(std::move(uids), content ? batch_content : batch_messages);
    while (!batches.done()) {
      const UidSet batch = batches.next();
      const auto told = co_await tell_batch(batch);
      if (!told) co_return told;
    }
    co_return Result<void>{};
  }

  /// Messages that were expunged and swept before the client was told.
  [[nodiscard]] bool met_swept() const { return met_swept_; }

 private:
  Task<Result<void>> tell_batch(const UidSet& batch);
  Task<Result<std::vector<ports::Entry>>> load_entries(const UidSet& batch);
  Task<UidSet> mark_seen(std::vector<ports::Entry>& entries);
  Task<Result<void>> tell(FetchSubject subject);
  Task<Result<void>> append_section(FetchItemWriter& writer, const Section& section,
                                    const FetchSubject& subject);
  Task<Result<void>> append_fields(std::string& out, const Section& section, EmailId email,
                                   mime::ByteRange header);
  Task<Result<void>> append_bytes(std::string& out, EmailId email, mime::ByteRange range);

  [[nodiscard]] UserId user() const { return context_.state.user(); }
  [[nodiscard]] SelectedMailbox& selected() const { return context_.selected(); }

  CommandContext& context_;
  const Fetch& fetch_;
  FetchNeeds needs_;
  bool with_uid_;
  SequenceCursor cursor_;
  bool met_swept_ = false;
  bool response_begun_ = false;  // a part of the present message's response has been sent
};

/// Also those that were expunged while the client was not told (design, section 4).
Task<Result<std::vector<ports::Entry>>> Fetching::load_entries(const UidSet& batch) {
  std::vector<ports::Entry> entries;
  if (!needs_.entry) {  // UID alone
    for (const auto& run : batch.runs()) {
      for (std::uint64_t uid = run.first; uid <= run.last; ++uid)
        entries.emplace_back().uid = static_cast<Uid>(uid);
    }
    co_return entries;
  }
  auto found = co_await context_.mailboxes().entries(user(), selected().id(), batch);
  if (!found || found->size() == batch.count()) co_return found;
  entries = std::move(*found);
  UidSet missing = batch;
  for (const auto& entry : entries) missing.remove(entry.uid);
  auto expunged = co_await context_.mailboxes().expunged_entries(user(), selected().id(), missing);
  if (!expunged) co_return tl::unexpected(expunged.error());
  met_swept_ = met_swept_ || expunged->size() < missing.count();
  const auto middle = static_cast<std::ptrdiff_t>(entries.size());
  std::move(expunged->begin(), expunged->end(), std::back_inserter(entries));
  std::inplace_merge(entries.begin(), entries.begin() + middle, entries.end(),
                     [](const ports::Entry& a, const ports::Entry& b) { return a.uid < b.uid; });
  co_return entries;
}

/// RFC 3501, section 6.4.5: BODY[] sets \Seen implicitly. Where that cannot be committed it is left out, and
/// the message is given all the same.
Task<UidSet> Fetching::mark_seen(std::vector<ports::Entry>& entries) {
  UidSet unseen, marked;
  for (const auto& entry : entries) {
    if ((entry.flags.system & ports::Flag::seen) == 0 && !selected().expunged().contains(entry.uid)) {
      unseen.add(entry.uid);
    }
  }
  if (unseen.empty() || selected().read_only()) co_return marked;
  ports::Flags seen;
  seen.system = ports::Flag::seen;
  auto stored = co_await context_.mailboxes().store(user(), selected().id(), unseen, ports::FlagChange::add,
                                                    std::move(seen));
  if (!stored) co_return marked;
  auto after = stored->entries.begin();
  for (auto& entry : entries) {
    while (after != stored->entries.end() && after->uid < entry.uid) ++after;
    if (after == stored->entries.end()) break;
    if (after->uid != entry.uid) continue;
    entry = *after;
    marked.add(entry.uid);
  }
  co_return marked;
}

Task<Result<void>> Fetching::tell_batch(const UidSet& batch) {
  auto entries = co_await load_entries(batch);
  if (!entries) co_return tl::unexpected(entries.error());
  UidSet marked;
  if (needs_.sets_seen) marked = co_await mark_seen(*entries);
  Result<Structures> structures;
  if (needs_.structure) structures = co_await load_structures(context_.mailboxes(), user(), *entries);
  if (!structures) co_return tl::unexpected(structures.error());
  for (auto& entry : *entries) {
    FetchSubject subject;
    subject.number = cursor_.number_of(entry.uid);
    subject.recent = selected().recent().contains(entry.uid);
    subject.seen_now = marked.contains(entry.uid);
    if (needs_.structure) subject.structure = &structures->at(entry.email);
    subject.entry = std::move(entry);
    const auto told = co_await tell(std::move(subject));
    if (!told) co_return told;
  }
  co_return Result<void>{};
}

/// A response that fails before a part of it was sent is taken back; after that only breaking the connection
/// is honest.
Task<Result<void>> Fetching::tell(FetchSubject subject) {
  std::string& out = context_.out();
  if ((fetch_.flags || subject.seen_now) && selected().note_shown(subject.entry)) {
    append_known_flags(out, selected().keywords());
  }
  const std::size_t start = out.size();
  response_begun_ = false;
  FetchItemWriter writer(out, subject.number);
  append_plain_items(writer, fetch_, subject, with_uid_);
  for (const auto& section : fetch_.sections) {
    const auto appended = co_await append_section(writer, section, subject);
    if (appended) continue;
    if (response_begun_) throw asio::system_error(asio::error::connection_aborted);
    out.resize(start);
    co_return appended;
  }
  writer.finish();
  co_await context_.connection.flush_if_large();
  co_return Result<void>{};
}

Task<Result<void>> Fetching::append_section(FetchItemWriter& writer, const Section& section,
                                            const FetchSubject& subject) {
  std::string& out = writer.item(section.label);
  const auto range = range_of(section, subject);
  if (!range) {
    out.append("NIL");
    co_return Result<void>{};
  }
  if (section.select) co_return co_await append_fields(out, section, subject.entry.email, *range);
  out.append("{");
  append_number(out, range->length);
  out.append("}\r\n");
  co_return co_await append_bytes(out, subject.entry.email, *range);
}

Task<Result<void>> Fetching::append_fields(std::string& out, const Section& section, EmailId email,
                                           mime::ByteRange header) {
  const auto bytes = co_await read_range(context_.mailboxes(), user(), email, header);
  if (!bytes) co_return tl::unexpected(bytes.error());
  const Bytes fields = mime::select_fields(*bytes, section.fields, *section.select);
  const mime::ByteRange clipped = clip(section.partial, fields.size());
  out.append("{");
  append_number(out, clipped.length);
  out.append("}\r\n");
  out.append(fields, static_cast<std::size_t>(clipped.offset), static_cast<std::size_t>(clipped.length));
  co_return Result<void>{};
}

/// In pieces, so that no message is ever whole in memory here.
Task<Result<void>> Fetching::append_bytes(std::string& out, EmailId email, mime::ByteRange range) {
  while (range.length > 0) {
    auto piece =
        co_await context_.mailboxes().read(user(), email, range.offset, std::min(range.length, piece_bytes));
    if (!piece) co_return tl::unexpected(piece.error());
    if (piece->empty() || piece->size() > range.length) co_return fail(Errc::corrupted, "message ends early");
    out.append(*piece);
    range.offset += piece->size();
    range.length -= piece->size();
    if (range.length == 0) break;
    co_await context_.connection.flush_if_large();
    response_begun_ = response_begun_ || out.empty();
  }
  co_return Result<void>{};
}

}  // namespace

// RFC 3501, section 6.4.5.
Task<Reply> run_fetch(CommandContext& context, const Command& command) {
  SelectedMailbox& selected = context.selected();
  const auto& fetch = std::get<Fetch>(command.arguments);
  const auto named = command.uid ? selected.resolve_uids(fetch.set) : selected.resolve_numbers(fetch.set);
  if (!named) co_return bad("No such message");
  Fetching fetching(context, fetch, command.uid);
  const auto told = co_await fetching.run(*named);
  if (!told) co_return reply_for(told.error());
  if (fetching.met_swept()) co_return no("Some of the messages were expunged", "EXPUNGEISSUED");
  co_return ok("Fetched");
}

}  // namespace gridmail::imap
