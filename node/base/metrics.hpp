// Figures of this process for Prometheus (text format 0.0.4). Who counts declares a static Counter or
// Histogram where it counts; the exposition finds all of them.
//
// Names are subsystem_thing_unit, without the prefix gridmail_; labels are a few fixed words, never a user,
// an address or a message.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/base/clock.hpp"
#include "node/base/result.hpp"

namespace gridmail::metrics {

/// One line of figures. Lives as long as the process: only static objects.
class Series {
 public:
  virtual ~Series() = default;
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& labels() const { return labels_; }

 protected:
  /// `labels` such as `outcome="accepted"`; may be empty.
  Series(std::string_view name, std::string_view help, std::string_view labels);

 private:
  friend std::string exposition();
  virtual void append_to(std::string& text) const = 0;
  [[nodiscard]] virtual std::string_view type() const = 0;

 protected:
  const std::string name_, help_, labels_;
};

/// Only rises. Thread-safe.
class Counter final : public Series {
 public:
  Counter(std::string_view name, std::string_view help, std::string_view labels = {})
      : Series(name, help, labels) {}
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  void append_to(std::string& text) const override;
  [[nodiscard]] std::string_view type() const override { return "counter"; }

  alignas(64) std::atomic<std::uint64_t> value_{0};
};

/// What became of something that was asked for.
class Outcomes {
 public:
  /// `labels` besides outcome="accepted", "deferred" (may be tried again) and "refused"; may be empty.
  Outcomes(std::string_view name, std::string_view help, std::string_view labels = {});
  template <class T>
  void count(const Result<T>& result, std::uint64_t n = 1) {
    (result ? accepted_ : result.error().temporary() ? deferred_ : refused_).add(n);
  }

 private:
  Counter accepted_, deferred_, refused_;
};

/// How long something took: cumulative buckets from a millisecond to half a minute, with those bounds among
/// them that are promised: 1.5 s for an answer to mail, 4.5 s for a take-over. Thread-safe.
class Histogram final : public Series {
 public:
  Histogram(std::string_view name, std::string_view help, std::string_view labels = {})
      : Series(name, help, labels) {}
  void observe(Duration took);

  static constexpr std::array<double, 15> bounds_seconds = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 3, 4.5, 10, 30};
  /// How many took up to the bound and longer than the one before it; the last one: longer than any.
  using Buckets = std::array<std::uint64_t, bounds_seconds.size() + 1>;
  [[nodiscard]] Buckets buckets() const;

 private:
  void append_to(std::string& text) const override;
  [[nodiscard]] std::string_view type() const override { return "histogram"; }

  std::array<std::atomic<std::uint64_t>, bounds_seconds.size() + 1>
      buckets_{};  // each its own, the last one beyond
  std::atomic<std::int64_t> micros_{0};
};

/// All counters of this name together whose labels contain `label`.
[[nodiscard]] std::uint64_t total(std::string_view name, std::string_view label = {});
/// All histograms of this name together.
[[nodiscard]] Histogram::Buckets buckets(std::string_view name);

/// All figures, series of one name together, by name.
[[nodiscard]] std::string exposition();

}  // namespace gridmail::metrics
