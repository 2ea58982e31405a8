// The scrub's part in a slot: what it may know of one as its primary, and the other copies' answers to a
// comparison.
#include <algorithm>
#include <set>

#include "storage/replication/range_digest.hpp"
#include "storage/replication/slot.hpp"

namespace gridmail {
namespace {

constexpr std::size_t page_keys = 1024;
constexpr std::size_t page_bytes = 256 * 1024;
constexpr std::size_t answer_bytes_max = 1024 * 1024;
constexpr int ends_max = 64;

/// Ranges of the slot's keys, in order.
bool is_sound(const replication::ScrubAsk& ask, SlotId slot) {
  if (ask.ends().empty() || ask.ends_size() > ends_max) return false;
  if (ask.family() != static_cast<std::uint32_t>(Family::meta) &&
      ask.family() != static_cast<std::uint32_t>(Family::body))
    return false;
  const auto& last = ask.ends(ask.ends_size() - 1);
  return std::is_sorted(ask.ends().begin(), ask.ends().end()) && ask.first() >= slot_begin(slot) &&
         ask.first() < ask.ends(0) && last <= slot_begin(slot + 1);
}

}  // namespace

/// What a copy held at its commit position, while it writes on.
struct Slot::Held {
  struct Page {
    std::map<Bytes, Bytes> pairs;
    std::optional<Bytes> next;  ///< where it goes on
  };
  /// A page of [first, last). Errors: unavailable: what was there can no longer be told.
  [[nodiscard]] Task<Result<Page>> scan(Family family, Bytes first, Bytes last) const;

  std::shared_ptr<const Snapshot> view;
  /// The first write to each key since then.
  std::map<std::pair<Family, Bytes>, SlotWrite> written;
};

Task<Result<Slot::Held::Page>> Slot::Held::scan(Family family, Bytes first, Bytes last) const {
  auto read = co_await view->scan(family, first, last, page_keys, page_bytes);
  if (!read) co_return tl::unexpected(read.error());
  Page page;
  if (read->more) page.next = read->pairs.back().key + '\0';
  for (auto& pair : read->pairs) page.pairs.emplace(std::move(pair.key), std::move(pair.value));
  const Bytes end = page.next.value_or(last);
  for (auto at = written.lower_bound({family, first});
       at != written.end() && at->first.first == family && at->first.second < end; ++at) {
    const auto& write = at->second;
    if (write.final) co_return fail(Errc::unavailable, "a sweep is on its way");
    if (write.old) {
      page.pairs[write.key] = *write.old;
    } else {
      page.pairs.erase(write.key);
    }
  }
  co_return page;
}

// --- the other copy

void Slot::on_scrub_ask(NodeId from, replication::ScrubAsk ask, Position at) {
  const bool takes_part = open_on_disk_as_copy_ && copy_.whole() && durable_ >= at.sequence;
  if (!takes_part || !is_sound(ask, id_) || answers_scrub_) return;
  if (copy_.commit() != at) {  // it was overtaken
    replication::ScrubAnswer answer;
    answer.set_moved(true);
    return send_scrub_answer(from, ask, std::move(answer));
  }
  Held held;
  held.view = context_.store.snapshot();
  for (const auto& entry : copy_.tail()) {
    for (const auto& write : entry.writes) held.written.try_emplace({write.family, write.key}, write);
  }
  answers_scrub_ = true;
  context_.tasks.spawn(executor_, "scrub",
                       answer_scrub(shared_from_this(), from, row_.epoch,
                                    std::make_shared<const Held>(std::move(held)), std::move(ask)));
}

void Slot::send_scrub_answer(NodeId to, const replication::ScrubAsk& ask, replication::ScrubAnswer answer) {
  answer.set_number(ask.number());
  auto carried = message();
  *carried.mutable_scrub_answer() = std::move(answer);
  send(to, carried, Channel::bulk);
}

Task<void> Slot::answer_scrub(std::shared_ptr<Slot> self, NodeId to, Epoch epoch,
                              std::shared_ptr<const Held> held, replication::ScrubAsk ask) {
  Result<replication::ScrubAnswer> answer;  // no conditional expression: g++ 12 mixes up what its sides await
  if (ask.values()) {
    answer = co_await values_of(held, ask);
  } else {
    answer = co_await digests_of(held, ask);
  }
  self->answers_scrub_ = false;
  if (!answer && answer.error().code != Errc::unavailable) co_return;  // the store tells of the damage
  if (self->row_.epoch != epoch) co_return;
  if (!answer) {
    answer = replication::ScrubAnswer();
    answer->set_moved(true);
  }
  self->send_scrub_answer(to, ask, std::move(*answer));
}

Task<Result<replication::ScrubAnswer>> Slot::digests_of(std::shared_ptr<const Held> held,
                                                        const replication::ScrubAsk& ask) {
  const std::set<Bytes> except(ask.except().begin(), ask.except().end());
  replication::ScrubAnswer answer;
  Bytes first = ask.first();
  for (const auto& end : ask.ends()) {
    RangeDigest digest;
    for (std::optional<Bytes> next = first; next;) {
      auto page = co_await held->scan(static_cast<Family>(ask.family()), *next, end);
      if (!page) co_return tl::unexpected(page.error());
      for (const auto& [key, value] : page->pairs) {
        if (!except.contains(key)) digest.add(key, value);
      }
      next = std::move(page->next);
    }
    answer.add_digests(digest.bytes().data(), RangeDigest::size);
    first = end;
  }
  co_return answer;
}

/// As much of the first range as fits.
Task<Result<replication::ScrubAnswer>> Slot::values_of(std::shared_ptr<const Held> held,
                                                       const replication::ScrubAsk& ask) {
  const std::set<Bytes> except(ask.except().begin(), ask.except().end());
  replication::ScrubAnswer answer;
  std::size_t bytes = 0;
  std::optional<Bytes> next = ask.first();
  while (next && bytes < answer_bytes_max) {
    auto page = co_await held->scan(static_cast<Family>(ask.family()), *next, ask.ends(0));
    if (!page) co_return tl::unexpected(page.error());
    for (auto& [key, value] : page->pairs) {
      if (except.contains(key)) continue;
      bytes += key.size() + value.size();
      auto& write = *answer.add_writes();
      write.set_key(key);
      write.set_value(std::move(value));
    }
    next = std::move(page->next);
  }
  if (next) answer.set_next(*next);
  co_return answer;
}

// --- the primary

std::vector<NodeId> Slot::others_to_compare() const {
  std::vector<NodeId> nodes;
  if (!access_) return nodes;
  for (const auto& [node, peer] : peers_) {
    if (can_compare(node, peer)) nodes.push_back(node);
  }
  return nodes;
}

bool Slot::is_about_to_write(Family family, const Bytes& key) const {
  return std::any_of(pending_.begin(), pending_.end(), [&](const Pending& pending) {
    return std::any_of(pending.entry.writes.begin(), pending.entry.writes.end(),
                       [&](const SlotWrite& write) { return write.family == family && write.key == key; });
  });
}

void Slot::ask_to_compare(NodeId other, replication::ScrubAsk ask, ScrubAnswered answered) {
  ask.set_number(++scrub_asked_);
  scrub_answered_ = std::move(answered);
  auto carried = message();
  *carried.mutable_scrub_ask() = std::move(ask);
  send(other, carried);
}

void Slot::on_scrub_answer(replication::ScrubAnswer answer) {
  if (!scrub_answered_ || answer.number() != scrub_asked_) return;
  const auto answered = std::exchange(scrub_answered_, nullptr);
  answered(std::move(answer));
}

}  // namespace gridmail
