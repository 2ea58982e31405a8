#include "node/canary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "node/canary_slots.hpp"
#include "node/grid/canary_service.hpp"

namespace gridmail {
namespace {

constexpr std::size_t slots_tried = 3;
constexpr Duration call_max = std::chrono::milliseconds(650);
constexpr Duration flight_max = std::chrono::seconds(2);
constexpr Duration kept = std::chrono::seconds(1);
constexpr Duration failure_kept = std::chrono::milliseconds(500);

}  // namespace

Canary::Canary(GridCore& core, Clock& clock, std::function<bool(NodeId)> is_alive)
    : core_(core),
      clock_(clock),
      is_alive_(std::move(is_alive)),
      number_(static_cast<std::uint64_t>(clock.wall())) {}

Task<api::ReadinessCheck> Canary::fly() {
  {
    const std::lock_guard lock(mutex_);
    const auto age = clock_.now() - came_back_at_;
    if (last_ && age < (flying_ ? flight_max : last_->passed ? kept : failure_kept)) co_return *last_;
    flying_ = true;
  }
  auto check = co_await fly_anew();
  const std::lock_guard lock(mutex_);
  flying_ = false;
  came_back_at_ = clock_.now();
  last_ = check;
  co_return check;
}

Task<api::ReadinessCheck> Canary::fly_anew() {
  const auto map = core_.map();
  const auto start = static_cast<SlotId>(number_.load() % map->slots());
  auto slots = canary_slots(*map, core_.self(), start, slots_tried, is_alive_);
  if (slots.empty()) slots.push_back(core_.requests().slot_for(core_.self().view()));
  const auto deadline = clock_.now() + flight_max;
  api::ReadinessCheck check;
  for (const SlotId slot : slots) {
    check = co_await fly_to(slot, deadline);
    if (check.passed || clock_.now() >= deadline) break;
  }
  co_return check;
}

Task<api::ReadinessCheck> Canary::fly_to(SlotId slot, TimePoint deadline) {
  const auto begun = clock_.now();
  SlotClient::Options options;
  options.wait_max = std::min(call_max, deadline - begun);
  const std::string text = fmt::format("{:020}", number_++);
  const auto written = co_await core_.requests().call(slot, ServiceId::canary, canary_write(text), options);
  if (!written) co_return api::ReadinessCheck{"canary_write", false, written.error().text};
  options.wait_max = std::clamp(deadline - clock_.now(), Duration{0}, call_max);
  const auto read = co_await core_.requests().call(slot, ServiceId::canary, canary_read(), options);
  if (!read) co_return api::ReadinessCheck{"canary_read", false, read.error().text};
  // Another question's canary may have come after this one.
  if (*read < text) co_return api::ReadinessCheck{"canary_read", false, "what was written was not read"};
  const std::chrono::duration<double, std::milli> took = clock_.now() - begun;
  co_return api::ReadinessCheck{"canary", true, fmt::format("{:.1f} ms", took.count())};
}

}  // namespace gridmail
