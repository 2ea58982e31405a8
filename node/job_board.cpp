#include "node/job_board.hpp"

#include <cmath>

namespace gridmail {

void JobBoard::look(const std::vector<Job>& jobs, TimePoint now, WallMicros wall) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Entry> running;
  for (const auto& job : jobs) {
    auto known = running_.extract(job.id);
    Entry entry;
    if (known) entry = std::move(known.mapped());
    if (entry.begun == 0) entry.begun = wall;
    entry.total = std::max(entry.total, job.slots_left);
    // A pause says nothing of the rate.
    if (entry.job.paused != job.paused) entry.seen.clear();
    entry.job = job;
    if (entry.seen.empty() || entry.seen.back().second != job.slots_left) {
      entry.seen.emplace_back(now, job.slots_left);
    }
    while (entry.seen.size() > 2 && now - entry.seen[1].first > rate_window) entry.seen.pop_front();
    running.emplace(job.id, std::move(entry));
  }
  for (auto& [id, entry] : running_) {  // what is left here is over
    entry.job.slots_left = 0;
    auto row = row_of(entry, now);
    row.state = api::JobState::done;
    row.ended = wall;
    row.run_by.clear();
    finished_.push_front(std::move(row));
  }
  while (finished_.size() > finished_max) finished_.pop_back();
  running_ = std::move(running);
}

api::JobRow JobBoard::row_of(const Entry& entry, TimePoint now) {
  api::JobRow row;
  row.id = entry.job.id;
  row.kind = name_of(entry.job.kind);
  row.node = entry.job.node;
  row.slots_total = entry.total;
  row.slots_done = entry.total - entry.job.slots_left;
  row.begun = entry.begun;
  row.waits_for = entry.job.waits_for;
  row.run_by.assign(entry.job.run_by.begin(), entry.job.run_by.end());
  row.state = entry.job.paused              ? api::JobState::paused
              : entry.job.waits_for.empty() ? api::JobState::running
                                            : api::JobState::waiting;
  if (row.state != api::JobState::running || entry.seen.empty()) return row;
  const auto [since, left] = entry.seen.front();
  const double seconds = std::chrono::duration<double>(now - since).count();
  if (left > entry.job.slots_left && seconds > 0) {
    const double rate = static_cast<double>(left - entry.job.slots_left) / seconds;
    row.seconds_left = std::llround(std::ceil(static_cast<double>(entry.job.slots_left) / rate));
  }
  return row;
}

std::vector<api::JobRow> JobBoard::rows(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  std::vector<api::JobRow> rows;
  for (const auto& [id, entry] : running_) rows.push_back(row_of(entry, now));
  rows.insert(rows.end(), finished_.begin(), finished_.end());
  return rows;
}

}  // namespace gridmail
