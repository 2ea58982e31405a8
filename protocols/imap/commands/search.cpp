#include <asio/experimental/awaitable_operators.hpp>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/message_loader.hpp"
#include "protocols/imap/read_ahead.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/search_matcher.hpp"
#include "protocols/imap/search_text.hpp"
#include "protocols/imap/uid_batch.hpp"

namespace gridmail::imap {
namespace {

using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home

constexpr std::size_t batch_messages = 1000;

/// A message whose text decides, with what is read of it.
struct Undecided {
  const ports::Entry* entry;
  const mime::Structure* structure;
  std::vector<mime::ByteRange> ranges;
  std::size_t content_end = 0;  // of its ranges in the line of all
  std::vector<Bytes> pieces = {};
  bool is_swept = false;
};
using Portion = std::vector<Undecided>;

/// One SEARCH. Each batch goes through four stages, with what is still undecided: nothing read, entries,
/// structures, text. Texts are searched in portions: one is looked into while the next is on its way.
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
    Portion undecided;
    for (const auto& entry : entries) {
      const auto structure = structures->find(entry.email);
      if (structure == structures->end()) continue;  // swept
      if (!is_open({entry.uid, &entry, &structure->second, nullptr})) continue;
      undecided.push_back({&entry, &structure->second, searched_ranges(structure->second, entry.size)});
    }
    co_return co_await search_texts(std::move(undecided));
  }

  Task<Result<void>> search_texts(Portion undecided) {
    ReadAhead content(context_.mailboxes(), user());
    for (auto& message : undecided) {
      for (const auto& range : message.ranges)
        content.add({message.entry->email, range.offset, range.length});
      message.content_end = content.size();
    }
    Portion loaded;
    for (auto next = undecided.begin(); next != undecided.end() || !loaded.empty();) {
      Portion loading;
      std::uint64_t bytes = 0;
      for (; next != undecided.end() && bytes < ReadAhead::window_bytes; ++next) {
        for (const auto& range : next->ranges) bytes += range.length;
        loading.push_back(std::move(*next));
      }
      const auto [searched, read] = co_await (search_portion(loaded) && load_portion(content, loading));
      if (!searched) co_return searched;
      if (!read) co_return read;
      loaded = std::move(loading);
    }
    co_return Result<void>{};
  }

  Task<Result<void>> load_portion(ReadAhead& content, Portion& portion) {
    for (auto& message : portion) {
      const auto read = co_await load_pieces(content, message);
      if (!read && read.error().code != Errc::not_found) co_return read;
      message.is_swept = !read;
      if (message.is_swept) content.skip_to(message.content_end);
    }
    co_return Result<void>{};
  }

  static Task<Result<void>> load_pieces(ReadAhead& content, Undecided& message) {
    for (const auto& range : message.ranges) {
      Bytes& piece = message.pieces.emplace_back();
      while (piece.size() < range.length) {
        if (content.is_empty()) {
          const auto loaded = co_await content.load();
          if (!loaded) co_return loaded;
        }
        piece.append(content.take());
      }
    }
    co_return Result<void>{};
  }

  /// Beside the event loops where there are workers.
  Task<Result<void>> search_portion(const Portion& portion) {
    Result<UidSet> found;
    if (portion.empty()) co_return Result<void>{};
    if (context_.services.workers == nullptr) {
      found = matches_in(portion);
    } else {
      const auto work = [this, &portion] { return matches_in(portion); };
      found = co_await context_.services.workers->run(work);
    }
    if (!found) co_return tl::unexpected(found.error());
    for (const auto& run : found->runs()) found_.add(run.first, run.last);
    co_return Result<void>{};
  }

  /// Touches nothing that changes while the command runs.
  [[nodiscard]] Result<UidSet> matches_in(const Portion& portion) const {
    UidSet matching;
    for (const auto& message : portion) {
      if (message.is_swept) continue;
      const auto& entry = *message.entry;
      const auto text = text_of(*message.structure, entry.size, message.pieces);
      if (!text) return tl::unexpected(text.error());
      if (matcher_.match({entry.uid, &entry, message.structure, &*text}) == Verdict::yes)
        matching.add(entry.uid);
    }
    return matching;
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
