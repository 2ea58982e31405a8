#include "node/figures/figure_rings.hpp"

#include <algorithm>

namespace gridmail {
namespace {

constexpr std::size_t hour_spans = 360, day_spans = 1440;
constexpr std::int64_t trend_seconds_min = 3600;
constexpr double day_seconds = 86400;

using Buckets = google::protobuf::RepeatedField<std::uint64_t>;

void add(Buckets& sum, const Buckets& other) {
  if (sum.size() < other.size()) sum.Resize(other.size(), 0);
  for (int i = 0; i < other.size(); ++i) sum[i] += other[i];
}

void add_counts(figures::Span& sum, const figures::Span& other) {
  sum.set_received(sum.received() + other.received());
  sum.set_deferred(sum.deferred() + other.deferred());
  sum.set_refused(sum.refused() + other.refused());
  sum.set_delivered(sum.delivered() + other.delivered());
  sum.set_queued(sum.queued() + other.queued());
  sum.set_taken_in(sum.taken_in() + other.taken_in());
  sum.set_log_ins(sum.log_ins() + other.log_ins());
  sum.set_wrong_passwords(sum.wrong_passwords() + other.wrong_passwords());
  add(*sum.mutable_smtp_seconds(), other.smtp_seconds());
  add(*sum.mutable_imap_seconds(), other.imap_seconds());
}

void push(std::deque<figures::Span>& ring, figures::Span span, std::size_t spans_max) {
  if (!ring.empty() && ring.back().end() == span.end())
    return append(ring.back(), span);                                 // it went back a little
  if (!ring.empty() && ring.back().end() > span.end()) ring.clear();  // the clock went back
  ring.push_back(std::move(span));
  if (ring.size() > spans_max) ring.pop_front();
}

void set_differences(Buckets& to, const metrics::Histogram::Buckets& now,
                     const metrics::Histogram::Buckets& before) {
  if (now == before) return;
  for (std::size_t i = 0; i < now.size(); ++i) to.Add(now[i] - before[i]);
}

}  // namespace

void append(figures::Span& sum, const figures::Span& later) {
  const bool first = sum.end() == 0;
  add_counts(sum, later);
  sum.set_end(later.end());
  sum.set_smtp_sessions(std::max(sum.smtp_sessions(), later.smtp_sessions()));
  sum.set_imap_sessions(std::max(sum.imap_sessions(), later.imap_sessions()));
  sum.set_pop3_sessions(std::max(sum.pop3_sessions(), later.pop3_sessions()));
  sum.set_load(std::max(sum.load(), later.load()));
  sum.set_disk_free_bytes(first ? later.disk_free_bytes()
                                : std::min(sum.disk_free_bytes(), later.disk_free_bytes()));
}

void combine(figures::Span& sum, const figures::Span& other) {
  add_counts(sum, other);
  sum.set_end(other.end());
  sum.set_smtp_sessions(sum.smtp_sessions() + other.smtp_sessions());
  sum.set_imap_sessions(sum.imap_sessions() + other.imap_sessions());
  sum.set_pop3_sessions(sum.pop3_sessions() + other.pop3_sessions());
  sum.set_load(std::max(sum.load(), other.load()));
  sum.set_disk_free_bytes(sum.disk_free_bytes() + other.disk_free_bytes());
}

/// Of the day's spans: the hour's are too few for it.
std::optional<double> FigureRings::disk_free_change() const {
  if (day_.empty()) return std::nullopt;
  const auto& first = day_.front();
  const auto& last = day_.back();
  const auto seconds = last.end() - first.end();
  if (seconds < trend_seconds_min) return std::nullopt;
  return (static_cast<double>(last.disk_free_bytes()) - static_cast<double>(first.disk_free_bytes())) *
         day_seconds / static_cast<double>(seconds);
}

FigureRings::Counts FigureRings::count() {
  using metrics::buckets, metrics::total;
  Counts counts;
  counts.received = total("smtp_messages_total", "outcome=\"accepted\"");
  counts.deferred = total("smtp_messages_total", "outcome=\"deferred\"");
  counts.refused = total("smtp_messages_total", "outcome=\"refused\"");
  counts.delivered = total("delivery_recipients_total", "way=\"mailbox\",outcome=\"accepted\"");
  counts.queued = total("delivery_recipients_total", "way=\"queue\",outcome=\"accepted\"");
  counts.taken_in = total("delivery_recipients_total", "way=\"intake\",outcome=\"accepted\"");
  for (const auto* name : {"smtp_log_ins_total", "imap_log_ins_total", "pop3_log_ins_total"}) {
    counts.log_ins += total(name, "outcome=\"accepted\"");
  }
  counts.smtp_seconds = buckets("smtp_message_seconds");
  counts.imap_seconds = buckets("imap_command_seconds");
  return counts;
}

void FigureRings::end_span(WallMicros now, const Gauges& gauges) {
  Counts counts = count();
  counts.wrong_passwords = gauges.wrong_passwords;
  const std::lock_guard lock(mutex_);
  if (!before_) {
    before_ = counts;
    return;
  }
  figures::Span span;
  const auto length = span_seconds(figures::Question::HOUR);
  span.set_end((now / 1'000'000 + length / 2) / length * length);
  span.set_received(counts.received - before_->received);
  span.set_deferred(counts.deferred - before_->deferred);
  span.set_refused(counts.refused - before_->refused);
  span.set_delivered(counts.delivered - before_->delivered);
  span.set_queued(counts.queued - before_->queued);
  span.set_taken_in(counts.taken_in - before_->taken_in);
  span.set_log_ins(counts.log_ins - before_->log_ins);
  span.set_wrong_passwords(counts.wrong_passwords - before_->wrong_passwords);
  set_differences(*span.mutable_smtp_seconds(), counts.smtp_seconds, before_->smtp_seconds);
  set_differences(*span.mutable_imap_seconds(), counts.imap_seconds, before_->imap_seconds);
  span.set_smtp_sessions(gauges.smtp_sessions);
  span.set_imap_sessions(gauges.imap_sessions);
  span.set_pop3_sessions(gauges.pop3_sessions);
  span.set_load(gauges.load);
  span.set_disk_free_bytes(gauges.disk_free_bytes);
  before_ = counts;
  push(hour_, span, hour_spans);
  const auto minute = span_seconds(figures::Question::DAY);
  if (span.end() % minute != 0) return;
  figures::Span sum;
  for (const auto& part : hour_) {
    if (part.end() > span.end() - minute) append(sum, part);
  }
  push(day_, std::move(sum), day_spans);
}

figures::Answer FigureRings::spans(FigureWindow window) const {
  const std::lock_guard lock(mutex_);
  const auto& ring = window == figures::Question::HOUR ? hour_ : day_;
  figures::Answer answer;
  for (const auto& span : ring) *answer.add_spans() = span;
  if (const auto change = disk_free_change()) answer.set_disk_free_change(*change);
  return answer;
}

}  // namespace gridmail
