#include "node/canary.hpp"

#include <fmt/format.h>

#include "node/canary_slots.hpp"
#include "node/grid/canary_service.hpp"

namespace gridmail {
namespace {

constexpr std::size_t slots_tried = 3;
constexpr Duration each_wait_max = std::chrono::milliseconds(650);  // for each
constexpr Duration kept = std::chrono::seconds(1);

}  // namespace

Canary::Canary(GridCore& core, Clock& clock, std::function<bool(NodeId)> is_alive)
    : core_(core),
      clock_(clock),
      is_alive_(std::move(is_alive)),
      number_(static_cast<std::uint64_t>(clock.wall())) {}

Task<api::ReadinessCheck> Canary::fly() {
  {
    const std::lock_guard lock(mutex_);
    if (last_.passed && clock_.now() - came_back_at_ < kept) co_return last_;
  }
  const auto map = core_.map();
  const auto start = static_cast<SlotId>(number_.load() % map->slots());
  auto slots = canary_slots(*map, core_.self(), start, slots_tried, is_alive_);
  if (slots.empty()) slots.push_back(core_.requests().slot_for(core_.self().view()));
  api::ReadinessCheck check;
  for (const SlotId slot : slots) {
    check = co_await fly_to(slot, each_wait_max);
    if (check.passed) break;
  }
  const std::lock_guard lock(mutex_);
  came_back_at_ = clock_.now();
  last_ = check;
  co_return check;
}

Task<api::ReadinessCheck> Canary::fly_to(SlotId slot, Duration wait_max) {
  const auto begun = clock_.now();
  SlotClient::Options options;
  options.wait_max = wait_max;
  const std::string text = fmt::format("{:020}", number_++);
  const auto written = co_await core_.requests().call(slot, ServiceId::canary, canary_write(text), options);
  if (!written) co_return api::ReadinessCheck{"canary_write", false, written.error().text};
  const auto read = co_await core_.requests().call(slot, ServiceId::canary, canary_read(), options);
  if (!read) co_return api::ReadinessCheck{"canary_read", false, read.error().text};
  // Another question's canary may have come after this one.
  if (*read < text) co_return api::ReadinessCheck{"canary_read", false, "what was written was not read"};
  const std::chrono::duration<double, std::milli> took = clock_.now() - begun;
  co_return api::ReadinessCheck{"canary", true, fmt::format("{:.1f} ms", took.count())};
}

}  // namespace gridmail
