#include "node/base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace gridmail::metrics {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const Series*> series;
};

/// Made by the first who needs it: static objects are made in no order that is known.
Registry& registry() {
  static Registry all;
  return all;
}

std::vector<const Series*> all_series() {
  const std::lock_guard lock(registry().mutex);
  return registry().series;
}

std::string with_outcome(std::string_view labels, std::string_view outcome) {
  return fmt::format("{}{}outcome=\"{}\"", labels, labels.empty() ? "" : ",", outcome);
}

}  // namespace

Series::Series(std::string_view name, std::string_view help, std::string_view labels)
    : name_(name), help_(help), labels_(labels) {
  const std::lock_guard lock(registry().mutex);
  registry().series.push_back(this);
}

Outcomes::Outcomes(std::string_view name, std::string_view help, std::string_view labels)
    : accepted_(name, help, with_outcome(labels, "accepted")),
      deferred_(name, help, with_outcome(labels, "deferred")),
      refused_(name, help, with_outcome(labels, "refused")) {}

void Counter::append_to(std::string& text) const {
  const auto labels = labels_.empty() ? "" : "{" + labels_ + "}";
  text += fmt::format("gridmail_{}{} {}\n", name_, labels, value());
}

void Histogram::observe(Duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bucket =
      std::lower_bound(bounds_seconds.begin(), bounds_seconds.end(), seconds) - bounds_seconds.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(std::chrono::duration_cast<std::chrono::microseconds>(took).count(),
                    std::memory_order_relaxed);
}

void Histogram::append_to(std::string& text) const {
  const auto comma = labels_.empty() ? "" : labels_ + ",";
  const auto counts = buckets();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    const auto bound = i < bounds_seconds.size() ? fmt::format("{}", bounds_seconds[i]) : "+Inf";
    text += fmt::format("gridmail_{}_bucket{{{}le=\"{}\"}} {}\n", name_, comma, bound, below);
  }
  const auto labels = labels_.empty() ? "" : "{" + labels_ + "}";
  text +=
      fmt::format("gridmail_{}_sum{} {:.6f}\ngridmail_{}_count{} {}\n", name_, labels,
                  static_cast<double>(micros_.load(std::memory_order_relaxed)) / 1e6, name_, labels, below);
}

Histogram::Buckets Histogram::buckets() const {
  Buckets counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = buckets_[i].load(std::memory_order_relaxed);
  return counts;
}

std::uint64_t total(std::string_view name, std::string_view label) {
  std::uint64_t sum = 0;
  for (const auto* series : all_series()) {
    const auto* counter = dynamic_cast<const Counter*>(series);
    if (counter == nullptr || series->name() != name) continue;
    if (series->labels().find(label) != std::string::npos) sum += counter->value();
  }
  return sum;
}

Histogram::Buckets buckets(std::string_view name) {
  Histogram::Buckets sum{};
  for (const auto* series : all_series()) {
    const auto* histogram = dynamic_cast<const Histogram*>(series);
    if (histogram == nullptr || series->name() != name) continue;
    const auto counts = histogram->buckets();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += counts[i];
  }
  return sum;
}

std::string exposition() {
  auto all = all_series();
  std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->name_ < b->name_; });
  std::string text;
  const Series* before = nullptr;
  for (const auto* series : all) {
    if (before == nullptr || before->name_ != series->name_) {
      text += fmt::format("# HELP gridmail_{} {}\n# TYPE gridmail_{} {}\n", series->name_, series->help_,
                          series->name_, series->type());
    }
    series->append_to(text);
    before = series;
  }
  return text;
}

}  // namespace gridmail::metrics
