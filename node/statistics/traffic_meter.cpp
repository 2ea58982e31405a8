#include "node/statistics/traffic_meter.hpp"

#include <utility>

namespace gridmail {
namespace {

constexpr std::size_t subjects_max = 200'000;
constexpr Duration told_every = std::chrono::seconds(30);

}  // namespace

TrafficCounts& TrafficCounts::operator+=(const TrafficCounts& other) {
  log_ins += other.log_ins;
  refused_log_ins += other.refused_log_ins;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  return *this;
}

TrafficSubject TrafficSubject::of(UserId user, std::string_view login, TrafficProtocol protocol) {
  const auto at = login.rfind('@');
  const auto domain = at == std::string_view::npos ? std::string_view{} : login.substr(at + 1);
  return {user, std::string(domain), protocol};
}

void TrafficMeter::add(const TrafficSubject& subject, const TrafficCounts& counts) {
  const std::lock_guard lock(guard_);
  const bool is_full = counts_.size() >= subjects_max && !counts_.contains(subject);
  counts_[is_full ? TrafficSubject{{}, {}, subject.protocol} : subject] += counts;
}

TrafficMeter::Counts TrafficMeter::take() {
  const std::lock_guard lock(guard_);
  return std::exchange(counts_, {});
}

void TrafficTally::logged_in(UserId user, std::string_view login) {
  tell();
  subject_ = TrafficSubject::of(user, login, subject_.protocol);
  ++counts_.log_ins;
  tell();
}

void TrafficTally::read(std::size_t bytes) {
  counts_.bytes_in += bytes;
  tell_sometimes();
}

void TrafficTally::written(std::size_t bytes) {
  counts_.bytes_out += bytes;
  tell_sometimes();
}

/// A client that idles for days is counted on the day.
void TrafficTally::tell_sometimes() {
  if (clock_.now() - told_ >= told_every) tell();
}

void TrafficTally::tell() {
  told_ = clock_.now();
  const auto counts = std::exchange(counts_, {});
  const bool any = counts.log_ins + counts.refused_log_ins + counts.bytes_in + counts.bytes_out > 0;
  if (any) meter_.add(subject_, counts);
}

}  // namespace gridmail
