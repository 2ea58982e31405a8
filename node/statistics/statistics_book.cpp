#include "node/statistics/statistics_book.hpp"

#include <algorithm>

namespace gridmail {
namespace {

// Family node (storage/local/LAYOUT.md).
constexpr std::string_view day_prefix = "statistics/d/";   // day (4), by (1), subject, protocol (1)
constexpr std::string_view last_prefix = "statistics/l/";  // user's id, protocol (1)
constexpr std::size_t subjects_per_commit = 1000;
constexpr std::size_t pairs_per_page = 1024;
constexpr std::size_t bytes_per_page = 1 << 20;
constexpr std::size_t rows_max = 10'001;
constexpr WallMicros last_log_in_kept = 400LL * 24 * 3600 * 1'000'000;

Bytes row_key(statistics::Question::By by, const StatisticsPlace& place) {
  const auto rest = place.bytes();
  Bytes key(day_prefix);
  key.append(rest, 0, 4);
  key += static_cast<char>(by);
  return key.append(rest, 4);
}

Bytes day_key(Day day) {
  Bytes key(day_prefix);
  append_be32(key, day);
  return key;
}

Day first_kept(WallMicros now) {
  const auto today = day_of(now);
  return today - std::min(today, statistics_days);
}

Bytes last_key(BytesView user, TrafficProtocol protocol) {
  Bytes key(last_prefix);
  key += user;
  key += static_cast<char>(protocol);
  return key;
}

/// The part of a day's rows that is asked for: [first, end).
std::pair<Bytes, Bytes> range_of(Day day, const statistics::Question& question) {
  Bytes first = day_key(day) + static_cast<char>(question.by());
  Bytes end = prefix_end(first);
  if (question.of().empty()) return {std::move(first), std::move(end)};
  first += question.of();
  // A protocol's number is lower than what any name goes on with.
  end = first + static_cast<char>(traffic_protocols.size());
  return {std::move(first), std::move(end)};
}

void add_to(statistics::Counters& record, const TrafficCounts& counts) {
  record.set_log_ins(record.log_ins() + counts.log_ins);
  record.set_refused_log_ins(record.refused_log_ins() + counts.refused_log_ins);
  record.set_bytes_in(record.bytes_in() + counts.bytes_in);
  record.set_bytes_out(record.bytes_out() + counts.bytes_out);
}

/// What some subjects did, by key.
std::map<Bytes, TrafficCounts> by_key(Day day, const TrafficMeter::Counts& counts) {
  using Question = statistics::Question;
  std::map<Bytes, TrafficCounts> rows;
  for (const auto& [subject, count] : counts) {
    rows[row_key(Question::PROTOCOL, {day, {}, subject.protocol})] += count;
    if (subject.user.is_nil()) continue;
    rows[row_key(Question::DOMAIN, {day, subject.domain, subject.protocol})] += count;
    rows[row_key(Question::USER, {day, subject.user.bytes(), subject.protocol})] += count;
  }
  return rows;
}

}  // namespace

Bytes StatisticsPlace::bytes() const {
  Bytes all;
  append_be32(all, day);
  all += subject;
  all += static_cast<char>(protocol);
  return all;
}

std::optional<StatisticsPlace> StatisticsPlace::from_bytes(BytesView bytes) {
  if (bytes.size() < 5 || static_cast<std::uint8_t>(bytes.back()) >= traffic_protocols.size())
    return std::nullopt;
  return StatisticsPlace{read_be32(bytes), Bytes(bytes.substr(4, bytes.size() - 5)),
                         static_cast<TrafficProtocol>(bytes.back())};
}

Task<Result<void>> StatisticsBook::add(WallMicros now, TrafficMeter::Counts counts) {
  while (!counts.empty()) {
    TrafficMeter::Counts some;
    while (!counts.empty() && some.size() < subjects_per_commit) some.insert(counts.extract(counts.begin()));
    const auto rows = by_key(day_of(now), some);
    std::vector<Bytes> keys;
    keys.reserve(rows.size());
    for (const auto& [key, count] : rows) keys.push_back(key);
    const auto snapshot = store_.snapshot();
    const auto values = co_await snapshot->get_each(Family::node, std::move(keys));
    Batch batch;
    std::size_t index = 0;
    for (const auto& [key, count] : rows) {
      const auto& value = values[index++];
      if (!value) co_return tl::unexpected(value.error());
      statistics::Counters record;
      if (*value && !record.ParseFromString(**value)) record.Clear();
      add_to(record, count);
      batch.put(Family::node, key, record.SerializeAsString());
    }
    for (const auto& [subject, count] : some) {
      if (count.log_ins == 0 || subject.user.is_nil()) continue;
      Bytes at;
      append_be64(at, static_cast<std::uint64_t>(now));
      batch.put(Family::node, last_key(subject.user.view(), subject.protocol), std::move(at));
    }
    const auto stored = co_await store_.commit(std::move(batch));
    if (!stored) co_return tl::unexpected(stored.error());
  }
  co_return Result<void>{};
}

Task<Result<statistics::Answer>> StatisticsBook::rows(WallMicros now, statistics::Question question) const {
  statistics::Answer answer;
  if (!question.last_log_ins_of().empty()) {
    const auto found = co_await last_log_ins(question.last_log_ins_of(), answer);
    if (!found) co_return tl::unexpected(found.error());
    co_return answer;
  }
  const auto limit = std::min<std::size_t>(question.limit(), rows_max);
  const auto snapshot = store_.snapshot();
  const auto from = StatisticsPlace::from_bytes(question.after());
  auto day = std::max<Day>({question.first_day(), first_kept(now), from ? from->day : 0});
  const auto last_day = std::min<Day>(question.last_day(), day + 2 * statistics_days);
  for (; day <= last_day && static_cast<std::size_t>(answer.rows_size()) < limit; ++day) {
    auto [first, last] = range_of(day, question);
    if (from && from->day == day) first = row_key(question.by(), *from) + '\0';
    for (bool more = true; more && static_cast<std::size_t>(answer.rows_size()) < limit;) {
      const auto left = std::min(pairs_per_page, limit - static_cast<std::size_t>(answer.rows_size()));
      const auto page = co_await snapshot->scan(Family::node, first, last, left, bytes_per_page);
      if (!page) co_return tl::unexpected(page.error());
      for (const auto& pair : page->pairs) {
        if (question.only() != 0 && pair.key.back() != static_cast<char>(question.only() - 1)) continue;
        auto& row = *answer.add_rows();
        const auto key = BytesView(pair.key).substr(day_prefix.size());
        row.set_place(Bytes(key.substr(0, 4)) + Bytes(key.substr(5)));
        if (!row.mutable_counters()->ParseFromString(pair.value)) row.mutable_counters()->Clear();
      }
      more = page->more && !page->pairs.empty();
      if (more) first = page->pairs.back().key + '\0';
    }
  }
  co_return answer;
}

Task<Result<void>> StatisticsBook::last_log_ins(Bytes user, statistics::Answer& answer) const {
  for (std::size_t i = 0; i < traffic_protocols.size(); ++i) {
    const auto value = co_await store_.get(Family::node, last_key(user, static_cast<TrafficProtocol>(i)));
    if (!value) co_return tl::unexpected(value.error());
    if (!*value || (*value)->size() != sizeof(std::uint64_t)) continue;
    auto& last = *answer.add_last_log_ins();
    last.set_protocol(static_cast<std::uint32_t>(i));
    last.set_at(static_cast<std::int64_t>(read_be64(**value)));
  }
  co_return Result<void>{};
}

Task<Result<void>> StatisticsBook::forget(WallMicros now) {
  Batch batch;
  batch.remove_range(Family::node, Bytes(day_prefix), day_key(first_kept(now)));
  const auto snapshot = store_.snapshot();
  Bytes first(last_prefix);
  const Bytes last = prefix_end(first);
  for (bool more = true; more;) {
    const auto page = co_await snapshot->scan(Family::node, first, last, pairs_per_page, bytes_per_page);
    if (!page) co_return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      const bool is_time = pair.value.size() == sizeof(std::uint64_t);
      const auto at = is_time ? static_cast<WallMicros>(read_be64(pair.value)) : 0;
      if (at + last_log_in_kept < now) batch.remove(Family::node, pair.key);
    }
    more = page->more && !page->pairs.empty();
    if (more) first = page->pairs.back().key + '\0';
  }
  co_return co_await store_.commit(std::move(batch));
}

}  // namespace gridmail
