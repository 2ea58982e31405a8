#include "protocols/line/silent_client.hpp"

#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

namespace gridmail {
namespace {

/// How often to look whether a client that was just busy may be sent away, once the server stops.
constexpr auto look_again = std::chrono::milliseconds(200);

struct Outcome {
  std::exception_ptr failure;
  bool is_sent_away = false;
};

/// Throws nothing, since || would then wait for the other side.
Task<void> run(Task<void> conversation, std::shared_ptr<Event> never, Outcome& outcome) {
  try {
    co_await std::move(conversation);
    if (outcome.is_sent_away) co_await never->wait();  // the farewell is on its way
  } catch (...) {
    outcome.failure = std::current_exception();
  }
}

Task<void> send_away(LineChannel& channel, Clock& clock, const Farewell& farewell,
                     std::shared_ptr<Event> wake, Outcome& outcome) {
  while (!farewell.stopping->is_set() || !farewell.may_leave()) {
    std::unique_ptr<Clock::Alarm> alarm;
    if (farewell.stopping->is_set()) alarm = clock.call_at(clock.now() + look_again, [wake] { wake->set(); });
    co_await wake->wait();
    wake->reset();
  }
  outcome.is_sent_away = true;
  try {
    co_await channel.say_last(farewell.text);
  } catch (const asio::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;  // a broken stream is closed like any other
  }
}

}  // namespace

Task<void> converse(LineChannel& channel, Clock& clock, Farewell farewell, Task<void> conversation) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  if (farewell.stopping == nullptr) co_return co_await std::move(conversation);
  const auto wake = std::make_shared<Event>(co_await asio::this_coro::executor);
  farewell.stopping->wake(wake);
  const auto never = std::make_shared<Event>(co_await asio::this_coro::executor);
  Outcome outcome;
  co_await (run(std::move(conversation), never, outcome) ||
            send_away(channel, clock, farewell, wake, outcome));
  if (outcome.failure && !outcome.is_sent_away) std::rethrow_exception(outcome.failure);
}

}  // namespace gridmail
