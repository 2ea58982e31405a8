#include <algorithm>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/system_error.hpp>
#include <iterator>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/fetch_response.hpp"
#include "protocols/imap/message_loader.hpp"
#include "protocols/imap/read_ahead.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/uid_batch.hpp"
#include "protocols/imap/updates_response.hpp"
#include "protocols/mime/header.hpp"

namespace gridmail::imap {
namespace {

using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home

constexpr std::size_t batch_messages = 1000;
constexpr std::size_t batch_content =
    250;  // structures take some KiB each; \Seen is set for no more in advance
/// A response is begun to be sent only when it is longer: a shorter one can still be taken back.
constexpr std::size_t held_back_max = 32 * 1024;
/// Of responses that wait for no content.
constexpr std::size_t plain_unsent_max = 64 * 1024;

/// What is known of some messages before the first of them is told.
struct Batch {
  std::vector<ports::Entry> entries;
  UidSet marked;  ///< those that this command set \Seen for
  Structures structures;
};

/// One FETCH or UID FETCH, batch by batch: one is told while the next is loaded.
class Fetching {
 public:
  Fetching(CommandContext& context, const Fetch& fetch, bool with_uid)
      : context_(context),
        fetch_(fetch),
        needs_(needs_of(fetch)),
        with_uid_(with_uid),
        cursor_(context.selected().announced()),
        content_(context.mailboxes(), context.state.user()) {}

  Task<Result<void>> run(UidSet uids) {
    if (uids.empty()) co_return Result<void>{};
    const bool content = needs_.structure || needs_.sets_seen;
    UidBatches batches(std::move(uids), content ? batch_content : batch_messages);
    auto loaded = co_await load_batch(batches.next());
    while (loaded && !batches.done()) {
      const Batch present = std::move(*loaded);
      auto [told, next] = co_await (tell_batch(present) && load_batch(batches.next()));
      if (!told) co_return told;
      loaded = std::move(next);
    }
    if (!loaded) co_return tl::unexpected(loaded.error());
    co_return co_await tell_batch(*loaded);
  }

  /// Messages that were expunged and swept before the client was told.
  [[nodiscard]] bool met_swept() const { return met_swept_; }

 private:
  Task<Result<Batch>> load_batch(UidSet uids);
  Task<Result<std::vector<ports::Entry>>> load_entries(const UidSet& batch);
  Task<UidSet> mark_seen(std::vector<ports::Entry>& entries);
  Task<Result<void>> tell_batch(const Batch& batch);
  void plan(const FetchSubject& subject);
  Task<Result<void>> tell(const FetchSubject& subject, std::size_t content_end);
  Task<Result<void>> append_items(const FetchSubject& subject);
  Task<Result<void>> append_section(FetchItemWriter& writer, const Section& section,
                                    const FetchSubject& subject);
  Task<Result<void>> append_fields(std::string& out, const Section& section, std::uint64_t header_bytes);
  Task<Result<void>> load_content();

  [[nodiscard]] UserId user() const { return context_.state.user(); }
  [[nodiscard]] SelectedMailbox& selected() const { return context_.selected(); }

  CommandContext& context_;
  const Fetch& fetch_;
  FetchNeeds needs_;
  bool with_uid_;
  SequenceCursor cursor_;
  bool met_swept_ = false;
  ReadAhead content_;            // of the present batch
  std::size_t response_ = 0;     // where the present message's response begins in out()
  bool response_begun_ = false;  // a part of it has been sent
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

Task<Result<Batch>> Fetching::load_batch(UidSet uids) {
  Batch batch;
  auto entries = co_await load_entries(uids);
  if (!entries) co_return tl::unexpected(entries.error());
  batch.entries = std::move(*entries);
  if (needs_.sets_seen) batch.marked = co_await mark_seen(batch.entries);
  if (needs_.structure) {
    auto structures = co_await load_structures(context_.mailboxes(), user(), batch.entries);
    if (!structures) co_return tl::unexpected(structures.error());
    batch.structures = std::move(*structures);
  }
  co_return batch;
}

Task<Result<void>> Fetching::tell_batch(const Batch& batch) {
  std::vector<std::pair<FetchSubject, std::size_t>> subjects;  // with the end of their content's ranges
  subjects.reserve(batch.entries.size());
  for (const auto& entry : batch.entries) {
    FetchSubject subject;
    if (needs_.structure) {
      const auto structure = batch.structures.find(entry.email);
      met_swept_ = met_swept_ || structure == batch.structures.end();
      if (structure == batch.structures.end()) continue;
      subject.structure = &structure->second;
    }
    subject.number = cursor_.number_of(entry.uid);
    subject.recent = selected().recent().contains(entry.uid);
    subject.seen_now = batch.marked.contains(entry.uid);
    subject.entry = &entry;
    plan(subject);
    subjects.emplace_back(subject, content_.size());
  }
  const std::size_t unsent_max = fetch_.sections.empty() ? plain_unsent_max : 2 * ReadAhead::window_bytes;
  for (const auto& [subject, content_end] : subjects) {
    const auto told = co_await tell(subject, content_end);
    if (!told) co_return told;
    if (context_.out().size() > unsent_max) co_await context_.connection.flush();
  }
  co_return Result<void>{};
}

/// Puts in line the bytes that the sections will want, in the order in which they will want them.
void Fetching::plan(const FetchSubject& subject) {
  for (const auto& section : fetch_.sections) {
    const auto range = range_of(section, subject);
    if (range) content_.add({subject.entry->email, range->offset, range->length});
  }
}

/// A response that fails before a part of it was sent is taken back; after that only breaking the connection
/// is honest. A message that was swept meanwhile is left out.
Task<Result<void>> Fetching::tell(const FetchSubject& subject, std::size_t content_end) {
  std::string& out = context_.out();
  if ((fetch_.flags || subject.seen_now) && selected().note_shown(*subject.entry)) {
    append_known_flags(out, selected().keywords());
  }
  response_ = out.size();
  response_begun_ = false;
  const auto appended = co_await append_items(subject);
  if (!appended) {
    if (response_begun_) throw asio::system_error(asio::error::connection_aborted);
    out.resize(response_);
    if (appended.error().code != Errc::not_found) co_return appended;
    met_swept_ = true;
    content_.skip_to(content_end);
  }
  co_return Result<void>{};
}

Task<Result<void>> Fetching::append_items(const FetchSubject& subject) {
  FetchItemWriter writer(context_.out(), subject.number);
  append_plain_items(writer, fetch_, subject, with_uid_);
  for (const auto& section : fetch_.sections) {
    const auto appended = co_await append_section(writer, section, subject);
    if (!appended) co_return appended;
  }
  writer.finish();
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
  if (section.select) co_return co_await append_fields(out, section, range->length);
  out.append("{");
  append_number(out, range->length);
  out.append("}\r\n");
  for (std::uint64_t missing = range->length; missing > 0;) {
    if (content_.is_empty()) {
      const auto loaded = co_await load_content();
      if (!loaded) co_return loaded;
    }
    const Bytes piece = content_.take();
    out.append(piece);
    missing -= piece.size();
  }
  co_return Result<void>{};
}

Task<Result<void>> Fetching::append_fields(std::string& out, const Section& section,
                                           std::uint64_t header_bytes) {
  Bytes header;
  while (header.size() < header_bytes) {
    if (content_.is_empty()) {
      const auto loaded = co_await load_content();
      if (!loaded) co_return loaded;
    }
    header.append(content_.take());
  }
  const Bytes fields = mime::select_fields(header, section.fields, *section.select);
  const mime::ByteRange clipped = clip(section.partial, fields.size());
  out.append("{");
  append_number(out, clipped.length);
  out.append("}\r\n");
  out.append(fields, static_cast<std::size_t>(clipped.offset), static_cast<std::size_t>(clipped.length));
  co_return Result<void>{};
}

/// What is complete is sent while the next bytes are on their way; so is a long response that is not.
Task<Result<void>> Fetching::load_content() {
  std::string& out = context_.out();
  std::string held_back;
  if (!response_begun_ && out.size() - response_ <= held_back_max) {
    held_back = out.substr(response_);
    out.resize(response_);
  }
  response_begun_ = response_begun_ || held_back.empty();
  const auto loaded = co_await (context_.connection.flush() && content_.load());
  response_ = 0;
  out.reserve(ReadAhead::window_bytes + held_back.size() + held_back_max);
  out.append(held_back);
  co_return loaded;
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
