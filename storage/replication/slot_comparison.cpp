#include "storage/replication/slot_comparison.hpp"

#include <algorithm>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/replication/range_digest.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t piece_keys = 1024;
constexpr std::size_t piece_bytes = 1024 * 1024;
constexpr std::size_t fanout = 16;
constexpr std::size_t few_records = 16;  // compared value by value
constexpr std::size_t except_max = 256;
constexpr std::size_t mended_bytes_max = 512 * 1024;  // by one operation
constexpr Duration answer_within = 3s;
constexpr Duration on_disk_within = 5s;
constexpr Duration look_again = 2ms;

Error later(std::string why) {
  return {Errc::unavailable, std::move(why)};
}

}  // namespace

Task<Result<SlotComparison::Piece>> SlotComparison::compare(Family family, Bytes first) {
  family_ = family;
  mended_.clear();
  records_.clear();
  if (first.empty()) first = slot_begin(slot_->id());
  if (!access_ || slot_->access_to_mend() != access_) co_return fail(Errc::not_primary);
  const auto others = slot_->others_to_compare();
  watch_ = std::make_shared<KeyWatch>();
  slot_->watch_keys(watch_);
  // What is being applied now is not noted: the snapshot must hold it.
  if (auto there = co_await be_on_disk(slot_->applied()); !there) co_return tl::unexpected(there.error());
  view_ = access_->snapshot();
  const Bytes end = slot_begin(slot_->id() + 1);
  auto page = co_await view_->scan(family, first, end, piece_keys, piece_bytes);
  if (!page) co_return tl::unexpected(page.error());
  Piece piece;
  for (const auto& pair : page->pairs) {
    RangeDigest digest;
    digest.add(pair.key, pair.value);
    records_.push_back({pair.key, Bytes(digest.bytes())});
    piece.bytes += pair.key.size() + pair.value.size();
  }
  piece.keys = records_.size();
  if (page->more) piece.next = records_.back().key + '\0';
  page->pairs.clear();
  const Range all{first, piece.next.value_or(end)};
  for (const auto& other : others) {
    if (context_.settings.sabotage.no_scrub) break;
    if (auto same = co_await compare_with(other, all); !same) co_return tl::unexpected(same.error());
  }
  piece.mended = std::move(mended_);
  co_return piece;
}

Task<Result<void>> SlotComparison::be_on_disk(Position at) {
  const auto until = context_.clock.now() + on_disk_within;
  while (slot_->committed() < at) {
    if (slot_->access_to_mend() != access_) co_return fail(Errc::not_primary);
    if (context_.clock.now() >= until) co_return tl::unexpected(later("the disk is behind"));
    co_await sleep_for(context_.clock, look_again);
  }
  co_return Result<void>{};
}

/// Down the tree, where digests differ.
Task<Result<void>> SlotComparison::compare_with(NodeId other, Range all) {
  std::vector<Range> differ{all};
  bool at_root = true;
  while (!differ.empty()) {
    const Range range = std::move(differ.back());
    differ.pop_back();
    if (!at_root && records_in(range) <= few_records) {
      if (auto done = co_await compare_values(other, range); !done) co_return done;
      continue;
    }
    const auto ends = at_root ? std::vector<Bytes>{range.last} : divide(range);
    at_root = false;
    const auto answer = co_await ask(other, range, ends, false);
    if (!answer) co_return tl::unexpected(answer.error());
    if (static_cast<std::size_t>(answer->digests_size()) != ends.size())
      co_return fail(Errc::invalid, "digests");
    Bytes first = range.first;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (answer->digests(static_cast<int>(i)) != digest_of(first, ends[i]))
        differ.push_back({first, ends[i]});
      first = ends[i];
    }
  }
  co_return Result<void>{};
}

/// The last step: value by value.
Task<Result<void>> SlotComparison::compare_values(NodeId other, Range range) {
  const std::vector<Bytes> end{range.last};
  const bool takes_word = slot_->takes_word_of(other);
  for (;;) {
    const auto answer = co_await ask(other, range, end, true);
    if (!answer) co_return tl::unexpected(answer.error());
    const Bytes last = answer->next().empty() ? range.last : answer->next();
    auto page = co_await view_->scan(family_, range.first, last, SIZE_MAX, SIZE_MAX);
    if (!page) co_return tl::unexpected(page.error());
    std::map<Bytes, std::optional<Bytes>> here;
    for (auto& pair : page->pairs) here.emplace(std::move(pair.key), std::move(pair.value));
    std::vector<SlotWrite> writes;
    for (const auto& theirs : answer->writes()) {
      const auto mine = here.find(theirs.key());
      const bool is_here = mine != here.end();
      if (!is_here || mine->second != theirs.value()) {
        SlotWrite write{family_, theirs.key(), {}, {}, false};
        if (is_here) write.value = write.old = mine->second;
        if (takes_word || (!is_here && slot_->copy().lacks_records())) write.value = theirs.value();
        writes.push_back(std::move(write));
      }
      if (is_here) here.erase(mine);
    }
    for (auto& [key, value] : here)
      writes.push_back({family_, key, takes_word ? std::nullopt : value, value, false});
    if (auto mended = co_await mend(std::move(writes)); !mended) co_return mended;
    if (answer->next().empty()) co_return Result<void>{};
    range.first = answer->next();
  }
}

Task<Result<replication::ScrubAnswer>> SlotComparison::ask(NodeId other, const Range& range,
                                                           const std::vector<Bytes>& ends, bool values) {
  replication::ScrubAsk question;
  question.set_family(static_cast<std::uint32_t>(family_));
  question.set_first(range.first);
  for (const auto& end : ends) question.add_ends(end);
  const auto except = watch_->within(family_, range.first, range.last);
  if (watch_->is_full() || except.size() > except_max) co_return tl::unexpected(later("too much is written"));
  for (const auto& key : except) question.add_except(key);
  question.set_values(values);

  struct Reply {
    explicit Reply(const asio::any_io_executor& executor) : came(std::make_shared<Event>(executor)) {}
    std::shared_ptr<Event> came;
    replication::ScrubAnswer answer;
  };
  const auto reply = std::make_shared<Reply>(access_->executor());
  if (slot_->access_to_mend() != access_) co_return fail(Errc::not_primary);
  slot_->ask_to_compare(other, std::move(question), [reply](replication::ScrubAnswer answer) {
    reply->answer = std::move(answer);
    reply->came->set();
  });
  const bool came = co_await before(context_.clock, context_.clock.now() + answer_within, reply->came);
  if (slot_->access_to_mend() != access_) co_return fail(Errc::not_primary);
  if (!came) co_return tl::unexpected(later("another copy does not answer"));
  if (reply->answer.moved()) co_return tl::unexpected(later("the other copy has moved on"));
  co_return std::move(reply->answer);
}

/// Without the keys that were written since: the question left them out, or they are new since then, and then
/// the values tell.
Bytes SlotComparison::digest_of(const Bytes& first, const Bytes& last) const {
  RangeDigest digest;
  const auto before = [](const Record& record, const Bytes& key) { return record.key < key; };
  auto at = std::lower_bound(records_.begin(), records_.end(), first, before);
  for (; at != records_.end() && at->key < last; ++at) {
    if (!watch_->contains(family_, at->key)) digest.add(at->digest);
  }
  return Bytes(digest.bytes());
}

std::size_t SlotComparison::records_in(const Range& range) const {
  const auto before = [](const Record& record, const Bytes& key) { return record.key < key; };
  return static_cast<std::size_t>(std::lower_bound(records_.begin(), records_.end(), range.last, before) -
                                  std::lower_bound(records_.begin(), records_.end(), range.first, before));
}

/// Into ranges of about as many records each; their ends.
std::vector<Bytes> SlotComparison::divide(const Range& range) const {
  const auto before = [](const Record& record, const Bytes& key) { return record.key < key; };
  const auto begin = std::lower_bound(records_.begin(), records_.end(), range.first, before);
  const std::size_t count = records_in(range);
  std::vector<Bytes> ends;
  for (std::size_t i = 1; i < fanout; ++i) {
    const auto& key = (begin + static_cast<std::ptrdiff_t>(count * i / fanout))->key;
    if (key > range.first && (ends.empty() || key > ends.back())) ends.push_back(key);
  }
  ends.push_back(range.last);
  return ends;
}

bool SlotComparison::may_write(const Bytes& key) const {
  return !watch_->contains(family_, key) && !slot_->is_about_to_write(family_, key);
}

/// What was written meanwhile, or is about to be, needs no mending. From looking to submitting nothing else
/// runs on the strand.
Task<Result<void>> SlotComparison::mend(std::vector<SlotWrite> writes) {
  std::size_t next = 0;
  while (next < writes.size()) {
    Operation operation;
    std::size_t bytes = 0;
    for (; next < writes.size() && bytes < mended_bytes_max; ++next) {
      auto& write = writes[next];
      if (!may_write(write.key)) continue;
      bytes += write.key.size() + 2 * (write.value ? write.value->size() : 0);
      mended_.push_back(write.key);
      operation.writes.push_back(std::move(write));
    }
    if (operation.empty()) break;
    for (const auto& write : operation.writes) {
      log(Level::error, "scrub.mended", {{"slot", slot_->id()}, {"key", to_hex(write.key)}});
    }
    if (auto done = co_await access_->commit(std::move(operation)); !done) co_return done;
  }
  co_return Result<void>{};
}

}  // namespace gridmail
