#include "storage/replication/load_book.hpp"

#include <cmath>

#include "gossip/register/map_limits.hpp"
#include "storage/replication/load.pb.h"

namespace gridmail {
namespace {

constexpr double worth_telling = 0.01;  // per second

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

double LoadBook::Meter::rate_at(TimePoint now) const {
  return rate * std::exp(-seconds_of(now - at) / seconds_of(decay));
}

void LoadBook::note(SlotId slot, double cost, TimePoint now) {
  if (slot >= map_rows_max) return;
  const std::lock_guard lock(mutex_);
  if (slot >= meters_.size()) meters_.resize(slot + std::size_t{1});
  auto& meter = meters_[slot];
  meter.rate = meter.rate_at(now) + cost / seconds_of(decay);
  meter.at = now;
}

/// A new primary goes on from what the last one told: its own figures need a minute to mean anything.
void LoadBook::take_over(SlotId slot, TimePoint now) {
  auto& meter = meters_[slot];
  if (meter.own) return;
  meter = {meter.rate_at(now) + told_[slot], now, true};
}

Bytes LoadBook::report(const Map& map, NodeId self, const DiskState& disk, TimePoint now, WallMicros wall) {
  replication::LoadReport report;
  report.set_stored_bytes(disk.stored_bytes);
  report.set_free_bytes(disk.free_bytes);
  report.set_lost_slots(disk.lost_slots);
  report.set_stalled_ms(static_cast<std::uint32_t>(disk.stalled / std::chrono::milliseconds(1)));
  report.set_wall(wall);
  report.set_unread_since(disk.unread_since);
  const std::lock_guard lock(mutex_);
  disks_[self] = disk;
  const auto is_gone = [&](const auto& item) { return map.member(item.first) == nullptr; };
  std::erase_if(disks_, is_gone);
  std::erase_if(heard_, is_gone);
  const std::size_t rows = map.rows.size();
  meters_.resize(std::max(meters_.size(), rows));
  told_.resize(std::max(told_.size(), rows));
  for (SlotId slot = 0; slot < rows; ++slot) {
    auto& meter = meters_[slot];
    if (map.rows[slot].primary != self) {
      if (meter.own) told_[slot] = meter.rate_at(now);
      meter = {};
      continue;
    }
    take_over(slot, now);
    const double rate = meter.rate_at(now);
    report.add_primary_of(slot);
    report.add_rates(rate < worth_telling ? 0 : static_cast<float>(rate));
  }
  return report.SerializeAsString();
}

void LoadBook::on_report(NodeId from, BytesView payload, TimePoint now) {
  replication::LoadReport report;
  const bool readable = payload.size() <= map_bytes_max &&
                        report.ParseFromArray(payload.data(), static_cast<int>(payload.size())) &&
                        report.primary_of_size() == report.rates_size();
  if (!readable) return;
  const std::lock_guard lock(mutex_);
  disks_[from] = {report.stored_bytes(), report.free_bytes(), report.lost_slots(),
                  std::chrono::milliseconds(report.stalled_ms()), report.unread_since()};
  if (report.wall() != 0) heard_[from] = {now, report.wall()};
  for (int i = 0; i < report.rates_size(); ++i) {
    const SlotId slot = report.primary_of(i);
    const double rate = report.rates(i);
    if (slot >= map_rows_max || !(rate >= 0) || !std::isfinite(rate)) continue;
    if (slot >= told_.size()) told_.resize(slot + std::size_t{1});
    told_[slot] = rate;
  }
}

std::vector<double> LoadBook::loads(const Map& map, NodeId self, TimePoint now) const {
  const std::lock_guard lock(mutex_);
  std::vector<double> loads(map.rows.size(), 0);
  for (SlotId slot = 0; slot < loads.size(); ++slot) {
    const bool own = map.rows[slot].primary == self && slot < meters_.size() && meters_[slot].own;
    if (own) {
      loads[slot] = meters_[slot].rate_at(now);
    } else if (slot < told_.size()) {
      loads[slot] = told_[slot];
    }
  }
  return loads;
}

std::map<NodeId, DiskState> LoadBook::disks() const {
  const std::lock_guard lock(mutex_);
  return disks_;
}

std::map<NodeId, LoadBook::Heard> LoadBook::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

}  // namespace gridmail
