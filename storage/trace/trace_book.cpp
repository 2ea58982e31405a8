#include "storage/trace/trace_book.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr std::string_view event_prefix = "trace/e/", index_prefix = "trace/i/", bytes_key = "trace/bytes";
constexpr std::size_t place_bytes = 12, hash_bytes = 8;
constexpr std::size_t detail_bytes_max = 1024;
constexpr std::size_t found_bytes_max = 8 << 20;
constexpr std::size_t pruned_at_once = 256;
constexpr int rounds_per_flush = 4;  // times that

Bytes place_text(WallMicros at, std::uint32_t number) {
  Bytes text;
  append_be64(text, static_cast<std::uint64_t>(at));
  append_be32(text, number);
  return text;
}

Bytes event_key(BytesView place) {
  return Bytes(event_prefix).append(place);
}

Bytes index_key(const std::string& term, BytesView place) {
  return Bytes(index_prefix).append(blake2b(term, 16).substr(0, hash_bytes)).append(place);
}

std::size_t mark_of(const std::string& address) {
  return std::hash<std::string>()(trace_term(address));
}

std::uint64_t stored_bytes(const std::set<std::string>& terms, std::size_t value_bytes) {
  return event_prefix.size() + place_bytes + value_bytes +
         terms.size() * (index_prefix.size() + hash_bytes + place_bytes);
}

}  // namespace

std::string trace_term(std::string_view text) {
  if (text.size() > 2 && text.front() == '<' && text.back() == '>') text = text.substr(1, text.size() - 2);
  std::string term(text);
  std::transform(term.begin(), term.end(), term.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  });
  return term;
}

std::set<std::string> terms_of(const trace::Event& event) {
  std::set<std::string> terms;
  for (const auto* text : {&event.id(), &event.entry(), &event.message_id(), &event.sender()}) {
    if (!text->empty()) terms.insert(trace_term(*text));
  }
  for (const auto& address : event.recipients()) {
    terms.insert(trace_term(address));
  }
  return terms;
}

std::set<std::string> indexed_terms(const trace::Event& event) {
  if (event.by_id()) return {trace_term(event.id())};
  return terms_of(event);
}

void TraceBook::note(trace::Event event) {
  if (settings_.bytes_max == 0) return;
  if (event.at() == 0) event.set_at(clock_.wall());
  if (event.detail().size() > detail_bytes_max) event.mutable_detail()->resize(detail_bytes_max);
  auto& recipients = *event.mutable_recipients();
  if (recipients.size() > traced_recipients_max)
    recipients.DeleteSubrange(traced_recipients_max, recipients.size() - traced_recipients_max);
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= settings_.waiting_max) {
    ++lost_;
    return;
  }
  if (event.what() == trace::Event::RECEIVED) {
    remember(event);
  } else if (is_named_by_receipt(event)) {
    event.set_by_id(true);
    event.clear_message_id();
  }
  waiting_.push_back(std::move(event));
}

void TraceBook::remember(const trace::Event& received) {
  if (received.id().empty()) return;
  if (remembered_ >= settings_.remembered_max / 2) {
    received_before_.swap(received_);
    received_.clear();
    remembered_ = 0;
  }
  auto& receipt = received_[received.id()];
  receipt.entry = received.entry();
  for (const auto& address : received.recipients()) receipt.recipients.push_back(mark_of(address));
  remembered_ += std::max<std::size_t>(1, receipt.recipients.size());
}

bool TraceBook::is_named_by_receipt(const trace::Event& event) const {
  for (const auto* receipts : {&received_, &received_before_}) {
    const auto found = receipts->find(event.id());
    if (found == receipts->end()) continue;
    const auto& receipt = found->second;
    if (!event.entry().empty() && event.entry() != receipt.entry) return false;
    return std::all_of(event.recipients().begin(), event.recipients().end(), [&](const auto& address) {
      const auto& known = receipt.recipients;
      return std::find(known.begin(), known.end(), mark_of(address)) != known.end();
    });
  }
  return false;
}

Task<Result<void>> TraceBook::load() {
  const auto value = co_await store_.get(Family::node, Bytes(bytes_key));
  if (!value) co_return tl::unexpected(value.error());
  if (*value && (*value)->size() == 8) bytes_ = read_be64(**value, 0);
  co_return Result<void>{};
}

Task<Result<void>> TraceBook::flush() {
  std::vector<trace::Event> events;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    events.swap(waiting_);
    lost = std::exchange(lost_, 0);
  }
  if (lost > 0) log(Level::warn, "trace.lost", {{"events", lost}});
  if (events.empty()) co_return Result<void>{};
  Batch batch;
  std::uint64_t bytes = bytes_;
  for (const auto& event : events) {
    const auto place = place_text(event.at(), number_++);
    auto value = event.SerializeAsString();
    const auto terms = indexed_terms(event);
    bytes += stored_bytes(terms, value.size());
    for (const auto& term : terms) batch.put(Family::node, index_key(term, place), {});
    auto key = event_key(place);
    pruned_to_ = std::min(pruned_to_, key);  // it was noted late, or the clock was set back
    batch.put(Family::node, std::move(key), std::move(value));
  }
  Bytes total;
  append_be64(total, bytes);
  batch.put(Family::node, Bytes(bytes_key), std::move(total));
  auto done = co_await store_.commit(std::move(batch));
  if (done) {
    bytes_ = bytes;
  } else {
    const std::lock_guard lock(mutex_);
    received_.clear();
    received_before_.clear();
    remembered_ = 0;
  }
  co_return done;
}

Task<Result<void>> TraceBook::prune() {
  const WallMicros oldest = clock_.wall() - to_micros(settings_.kept);
  for (int round = 1;; ++round) {
    const auto removed = co_await prune_some(oldest);
    if (!removed) co_return tl::unexpected(removed.error());
    if (*removed == 0) co_return Result<void>{};
    if (round % rounds_per_flush != 0) continue;
    if (auto written = co_await flush(); !written) co_return written;
  }
}

Task<Result<std::size_t>> TraceBook::prune_some(WallMicros oldest) {
  const Bytes prefix(event_prefix);
  const auto snapshot = store_.snapshot();
  const auto page = co_await snapshot->scan(Family::node, std::max(pruned_to_, prefix), prefix_end(prefix),
                                            pruned_at_once, 1 << 20);
  if (!page) co_return tl::unexpected(page.error());
  Batch batch;
  std::uint64_t bytes = bytes_;
  std::size_t removed = 0;
  for (const auto& pair : page->pairs) {
    const BytesView place = BytesView(pair.key).substr(event_prefix.size());
    const bool is_old = static_cast<WallMicros>(read_be64(pair.key, event_prefix.size())) < oldest;
    if (!is_old && bytes <= settings_.bytes_max) break;
    trace::Event event;
    if (event.ParseFromString(pair.value)) {
      const auto terms = indexed_terms(event);
      for (const auto& term : terms) batch.remove(Family::node, index_key(term, place));
      bytes -= std::min(bytes, stored_bytes(terms, pair.value.size()));
    }
    ++removed;
  }
  if (removed == 0) co_return removed;
  const Bytes after = page->pairs[removed - 1].key + '\0';
  batch.remove_range(Family::node, page->pairs.front().key, after);
  Bytes total;
  append_be64(total, bytes);
  batch.put(Family::node, Bytes(bytes_key), std::move(total));
  if (auto done = co_await store_.commit(std::move(batch)); !done) co_return tl::unexpected(done.error());
  bytes_ = bytes;
  pruned_to_ = after;
  co_return removed;
}

/// The newest; keys are by time, so what is over the limit is dropped from the front.
Task<Result<void>> TraceBook::places_of(const std::string* term, std::set<Place>* places) {
  Bytes first = index_key(*term, {});
  const Bytes last = prefix_end(first);
  const auto head = first.size();
  const auto snapshot = store_.snapshot();
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::node, first, last, 1024, 1 << 20);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      places->insert({static_cast<WallMicros>(read_be64(pair.key, head)), read_be32(pair.key, head + 8)});
      if (places->size() > settings_.found_max) places->erase(places->begin());
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  co_return Result<void>{};
}

Task<Result<std::vector<trace::Event>>> TraceBook::find(std::vector<std::string> terms) {
  std::set<Place> places;
  for (auto& term : terms) {
    term = trace_term(term);
    if (auto done = co_await places_of(&term, &places); !done) co_return tl::unexpected(done.error());
  }
  std::vector<trace::Event> found;
  std::size_t bytes = 0;
  const auto add = [&](trace::Event event) {
    const auto names = terms_of(event);
    const bool is_meant =  // two terms may have one hash
        std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return names.contains(term); });
    if (!is_meant) return;
    bytes += event.ByteSizeLong();
    found.push_back(std::move(event));
  };
  const auto is_enough = [&] { return found.size() >= settings_.found_max || bytes >= found_bytes_max; };
  {
    const std::lock_guard lock(mutex_);
    for (auto event = waiting_.rbegin(); event != waiting_.rend() && !is_enough(); ++event) add(*event);
  }
  for (auto place = places.rbegin(); place != places.rend() && !is_enough(); ++place) {
    const auto value = co_await store_.get(Family::node, event_key(place_text(place->at, place->number)));
    if (!value) co_return tl::unexpected(value.error());
    trace::Event event;
    if (*value && event.ParseFromString(**value)) add(std::move(event));  // else pruned meanwhile
  }
  std::reverse(found.begin(), found.end());
  co_return found;
}

}  // namespace gridmail
