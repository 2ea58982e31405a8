#include "tests/support/dialogue.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>

namespace gridmail::testing {

Dialogue::Dialogue(asio::io_context& context, ManualClock& clock, const PipeOptions& options,
                   const Serve& serve, const std::function<void(PipeStream&)>& prepare)
    : context_(context), clock_(clock) {
  std::tie(session_, client_) = PipeStream::make_pair(context.get_executor(), clock, options);
  if (prepare) prepare(*session_);
  asio::co_spawn(context_, serve(*session_), [this](std::exception_ptr failure) {
    ended_ = true;
    failure_ = std::move(failure);
  });
  run();
}

Dialogue::~Dialogue() {
  vanish();
  CHECK_MESSAGE(clock_.run_dry(context_), "the session still waits though its client has gone");
  CHECK(ended_);
  CHECK_MESSAGE(!failure_, "the session threw");
}

std::string Dialogue::heard() {
  std::string news = client_->unread().substr(heard_);
  heard_ += news.size();
  return news;
}

std::string Dialogue::send(std::string bytes) {
  asio::co_spawn(context_, client_->write(bytes), [](std::exception_ptr) { /* the session may have gone */ });
  run();
  return heard();
}

void Dialogue::finish_sending() {
  client_->finish_sending();
  run();
}

void Dialogue::vanish() {
  client_->close();
  run();
}

void Dialogue::wait(Duration duration) {
  bool reached = false;
  const auto alarm = clock_.call_at(clock_.now() + duration, [&reached] { reached = true; });
  while (!reached && clock_.advance_to_next()) run();
}

void Dialogue::run() {
  context_.restart();
  context_.poll();
}

}  // namespace gridmail::testing
