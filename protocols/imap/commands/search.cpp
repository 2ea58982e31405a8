#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/message_loader.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/search_matcher.hpp"
#include "protocols/imap/uid_batch.hpp"
#include "protocols/mime/part_text.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t batch_messages = 1000;
constexpr std::uint64_t whole_bytes_max = 256 * 1024;  // a message that is read at once

/// One SEARCH. Each batch goes through four stages, with what is still undecided: nothing read, entries,
/// structures, text.
class Searching {
 public:
  Searching(CommandContext& context, const SearchMatcher& matcher) : context_(context), matcher_(matcher) {}

  /// The matching messages.
  Task<Result<UidSet>> run() {
    UidBatches batches(matcher_.candidates(), batch_messages);
    while (!batches.done()) {
      const UidSet batch = batches.next();
      const auto searched = co_await search_batch(batch);
      if (!searched) co_return tl::unexpected(searched.error());
    }
    co_return std::move(found_);
  }

 private:
  /// Notes a match; true when more must be read.
  bool is_open(const SearchSubject& subject) {
    const Verdict verdict = matcher_.match(subject);
    if (verdict == Verdict::yes) found_.add(subject.uid);
    return verdict == Verdict::unknown;
  }

  Task<Result<void>> search_batch(const UidSet& batch) {
    UidSet open;
    for (const auto& run : batch.runs()) {
      for (std::uint64_t uid = run.first; uid <= run.last; ++uid) {
        if (is_open({static_cast<Uid>(uid), nullptr, nullptr, nullptr})) open.add(static_cast<Uid>(uid));
      }
    }
    if (open.empty()) co_return Result<void>{};
    auto entries = co_await context_.mailboxes().entries(user(), context_.selected().id(), open);
    if (!entries) co_return tl::unexpected(entries.error());
    std::erase_if(*entries, [&](const ports::Entry& entry) {
      return !is_open({entry.uid, &entry, nullptr, nullptr});
    });
    if (entries->empty()) co_return Result<void>{};
    co_return co_await search_content(std::move(*entries));
  }

  Task<Result<void>> search_content(std::vector<ports::Entry> entries) {
    const auto structures = co_await load_structures(context_.mailboxes(), user(), entries);
    if (!structures) co_return tl::unexpected(structures.error());
    for (const auto& entry : entries) {
      const mime::Structure& structure = structures->at(entry.email);
      if (!is_open({entry.uid, &entry, &structure, nullptr})) continue;
      const auto text = co_await load_text(entry, structure);
      if (!text) co_return tl::unexpected(text.error());
      static_cast<void>(is_open({entry.uid, &entry, &structure, &*text}));
    }
    co_return Result<void>{};
  }

  Task<Result<SearchText>> load_text(const ports::Entry& entry, const mime::Structure& structure) {
    SearchText text;
    Bytes whole;
    if (entry.size <= whole_bytes_max) {
      auto bytes = co_await read_range(context_.mailboxes(), user(), entry.email, {0, entry.size});
      if (!bytes) co_return tl::unexpected(bytes.error());
      whole = std::move(*bytes);
    }
    for (const auto& message : structure.messages) {
      auto header = co_await bytes_of(entry, whole, structure.parts[message.root].header());
      if (!header) co_return tl::unexpected(header.error());
      text.headers.push_back(std::move(*header));
    }
    for (const auto& part : structure.parts) {
      if (part.kind != mime::Kind::leaf || part.type != "text") continue;
      auto body = co_await bytes_of(entry, whole, part.body());
      if (!body) co_return tl::unexpected(body.error());
      text.texts.push_back(mime::decoded_text(part, *body));
    }
    co_return text;
  }

  Task<Result<Bytes>> bytes_of(const ports::Entry& entry, const Bytes& whole, mime::ByteRange range) {
    if (whole.empty()) co_return co_await read_range(context_.mailboxes(), user(), entry.email, range);
    if (range.end() > whole.size()) co_return fail(Errc::corrupted, "structure and message differ");
    co_return whole.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
  }

  [[nodiscard]] UserId user() const { return context_.state.user(); }

  CommandContext& context_;
  const SearchMatcher& matcher_;
  UidSet found_;
};

// mailbox-data    = "SEARCH" *(SP nz-number)
void append_found(std::string& out, const UidSet& found, const SelectedMailbox& mailbox, bool as_uids) {
  SequenceCursor cursor(mailbox.announced());
  out.append("* SEARCH");
  for (const auto& run : found.runs()) {
    for (std::uint64_t uid = run.first; uid <= run.last; ++uid) {
      out.push_back(' ');
      append_number(out, as_uids ? uid : cursor.number_of(static_cast<Uid>(uid)));
    }
  }
  out.append("\r\n");
}

}  // namespace

// RFC 3501, section 6.4.4.
Task<Reply> run_search(CommandContext& context, const Command& command) {
  const auto& search = std::get<Search>(command.arguments);
  if (search.unknown_charset) co_return no("Charset is not supported", "BADCHARSET (US-ASCII UTF-8)");
  const SearchMatcher matcher(search.key, context.selected());
  if (!matcher.is_valid()) co_return bad("No such message");
  const auto found = co_await Searching(context, matcher).run();
  if (!found) co_return reply_for(found.error());
  append_found(context.out(), *found, context.selected(), command.uid);
  co_return ok("Searched");
}

}  // namespace gridmail::imap
