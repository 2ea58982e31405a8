#include "node/processor_meter.hpp"

#include <sys/resource.h>

#include <thread>

namespace gridmail {
namespace {

Duration processor_time_used() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto sum = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return sum(usage.ru_utime) + sum(usage.ru_stime);
}

}  // namespace

double ProcessorMeter::load(TimePoint now) {
  const Duration used = processor_time_used();
  double load = 0;
  if (measured_ && now > *measured_) {
    const auto cores = static_cast<double>(std::max(1U, std::thread::hardware_concurrency()));
    load =
        static_cast<double>((used - used_).count()) / static_cast<double>((now - *measured_).count()) / cores;
  }
  measured_ = now;
  used_ = used;
  return load;
}

}  // namespace gridmail
