// JobBoard: what this node has seen of the grid's jobs: how far each has come, and how fast it goes. Every
// node keeps one from the maps it takes in, so that any of them can be asked.
//
// Thread-safe.
#pragma once
#include <deque>
#include <map>
#include <mutex>

#include "node/api/grid_control.hpp"
#include "node/jobs.hpp"

namespace gridmail {

class JobBoard {
 public:
  static constexpr Duration rate_window = std::chrono::seconds(60);
  static constexpr std::size_t finished_max = 20;

  /// What there is to do now.
  void look(const std::vector<Job>& jobs, TimePoint now, WallMicros wall);
  /// As of the last look; jobs that have ended come last, the newest first.
  [[nodiscard]] std::vector<api::JobRow> rows(TimePoint now) const;

 private:
  struct Entry {
    Job job;
    std::size_t total = 0;
    WallMicros begun = 0;
    std::deque<std::pair<TimePoint, std::size_t>> seen;  ///< slots left; of the window
  };
  [[nodiscard]] static api::JobRow row_of(const Entry& entry, TimePoint now);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> running_;
  std::deque<api::JobRow> finished_;
};

}  // namespace gridmail
