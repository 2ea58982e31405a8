// How long a slot has been led, by whatever clocks its primaries had.
#include "storage/replication/slot_age.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "node/base/random.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::test {
namespace {

using namespace std::chrono_literals;

struct Led {
  template <class T>
  T run(Task<Result<T>> task) {
    std::optional<Result<T>> outcome;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr, Result<T> value) { outcome = value; });
    REQUIRE(run_for(context, clock, 1s, [&] { return outcome.has_value(); }));
    REQUIRE(*outcome);
    if constexpr (!std::is_void_v<T>) return **outcome;
  }
  AgeMicros age(SlotAge& of) { return run(of.now(store.snapshot())); }
  void write_down(SlotAge& of) {
    OperationBuilder builder(store.snapshot());
    run(of.write_down(builder, store.snapshot()));
    Batch batch;
    for (auto& write : builder.take().writes) batch.put(write.family, write.key, *write.value);
    run(store.commit(std::move(batch)));
  }

  asio::io_context context;
  VirtualClock clock;
  SeededRandom random{1};
  MemoryStore store{clock, random};
};

TEST_CASE("a slot's age goes on from where it was written down, whatever the wall clock says") {
  Led led;
  SlotAge first(3, led.clock);
  CHECK(led.age(first) == 0);
  run_for(led.context, led.clock, 10min);
  led.clock.jump_wall(to_micros(5h));
  CHECK(led.age(first) == to_micros(10min));
  led.write_down(first);
  const auto written = led.age(first);
  run_for(led.context, led.clock, 10min);
  SlotAge second(3, led.clock);
  const auto begins = led.age(second);
  CHECK(begins <= written);
  CHECK(begins >= to_micros(10min));
  CHECK(led.age(first) >= to_micros(20min));
}

TEST_CASE("an age written down while another reader waits for the disk does not count twice") {
  Led led;
  SlotAge age(3, led.clock);
  const auto before = led.store.snapshot();
  run_for(led.context, led.clock, 10min);
  led.write_down(age);
  run_for(led.context, led.clock, 10min);
  led.write_down(age);
  CHECK(led.age(age) < to_micros(21min));
  CHECK(led.run(age.now(before)) < to_micros(21min));
}

}  // namespace
}  // namespace gridmail::test
