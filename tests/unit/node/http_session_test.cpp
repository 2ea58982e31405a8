#include "node/api/http_session.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <functional>

#include "node/base/metrics.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/pipe_stream.hpp"
#include "tests/unit/node/grid_in_memory.hpp"

using namespace gridmail;
using gridmail::testing::GridInMemory;
using gridmail::testing::ManualClock;
using gridmail::testing::PipeStream;

namespace {

/// What becomes of the grid while they talk.
struct Meanwhile {
  Duration after{};  ///< 0: before they begin
  std::function<void(GridInMemory&)> happens = [](GridInMemory&) {};
};

/// Sends `bytes`, then finishes, and gives all that came back.
std::string converse(std::string_view bytes, std::size_t read_at_most = SIZE_MAX, bool finish = true,
                     const Meanwhile& meanwhile = {}) {
  asio::io_context context;
  ManualClock clock;
  GridInMemory grid;
  auto [session_end, script] = PipeStream::make_pair(context.get_executor(), clock);
  PipeStream* script_end = script.get();
  session_end->read_at_most(read_at_most);
  bool over = false;
  std::unique_ptr<Clock::Alarm> alarm;
  const bool happens_at_once = meanwhile.after == Duration{};
  if (happens_at_once) meanwhile.happens(grid);
  if (!happens_at_once)
    alarm = clock.call_at(clock.now() + meanwhile.after, [&] { meanwhile.happens(grid); });
  asio::co_spawn(context, api::serve_http(std::move(session_end), grid, clock),
                 [&](std::exception_ptr) { over = true; });
  std::string sent(bytes);
  asio::co_spawn(context, script_end->write(sent), [&](std::exception_ptr) {
    if (finish) script_end->finish_sending();
  });
  clock.run_dry(context);
  CHECK(over);
  return script_end->unread();
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("requests on one connection are answered in order, however they are cut") {
  const auto request = "GET /livez HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\n\r\n";
  const auto whole = converse(request);
  CHECK(count(whole, "HTTP/1.1 200 OK\r\n") == 2);
  CHECK(whole.find("alive") < whole.find("ready\n"));
  CHECK(converse(request, 1) == whole);
}

TEST_CASE("HEAD gets the header of GET without its body") {
  const auto reply = converse("HEAD /livez HTTP/1.1\r\n\r\n");
  CHECK(reply.find("Content-Length: 6\r\n") != std::string::npos);
  CHECK(reply.ends_with("\r\n\r\n"));
}

TEST_CASE("a broken request is answered, then the connection is closed") {
  const auto reply = converse("EHLO client.example\r\n\r\nGET /livez HTTP/1.1\r\n\r\n", SIZE_MAX, false);
  CHECK(count(reply, "HTTP/1.1 400") == 1);
  CHECK(reply.find("Connection: close\r\n") != std::string::npos);
  CHECK(reply.find("alive") == std::string::npos);
}

TEST_CASE("a client that says nothing is let go") {
  CHECK(converse("GET /livez", SIZE_MAX, false).empty());
}

TEST_CASE("a client that holds its body back is told to go on") {
  const auto reply =
      converse("POST /api/v1/users HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 72);
  CHECK(reply.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401"));
}

TEST_CASE("events come as they happen, and end after ten minutes") {
  const auto request = "GET /api/v1/events HTTP/1.1\r\nAuthorization: Bearer the-token\r\n\r\n";
  const auto reply = converse(request, SIZE_MAX, false);
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(reply.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(reply.find("Content-Length") == std::string::npos);
  CHECK(count(reply, "event: status\ndata: {") == 1);  // it does not change
  CHECK(count(reply, "event: figures\ndata: {") == 61);
  CHECK(count(reply, "\r\n\r\nretry: 2000\n\nevent: status") == 1);
  CHECK(count(converse("HEAD /api/v1/events HTTP/1.1\r\nAuthorization: Bearer the-token\r\n\r\n"),
              "event:") == 0);
}

TEST_CASE("events end with the right to see them, and not because nobody can be asked") {
  const auto request = "GET /api/v1/events HTTP/1.1\r\nAuthorization: Bearer the-token\r\n\r\n";
  const auto figures_with = [&](Result<api::Role> role) {
    const Meanwhile meanwhile{std::chrono::seconds(35),
                              [role](GridInMemory& grid) { grid.role_of_token = role; }};
    return count(converse(request, SIZE_MAX, false, meanwhile), "event: figures\ndata: {");
  };
  CHECK(figures_with(fail(Errc::denied)) == 4);
  CHECK(figures_with(api::Role::user) == 4);
  CHECK(figures_with(api::Role::viewer) == 61);
  CHECK(figures_with(fail(Errc::unavailable)) == 61);
}

TEST_CASE("probes are counted apart, whatever they are told") {
  const auto of_class = [](std::string_view name) {
    return metrics::total("http_requests_total", "class=\"" + std::string(name) + "\"");
  };
  const auto probes = of_class("probe"), failures = of_class("5xx"), successes = of_class("2xx");
  const Meanwhile drained{{}, [](GridInMemory& grid) { grid.is_ready = false; }};
  const auto reply = converse(
      "GET /livez HTTP/1.1\r\n\r\nGET /startupz HTTP/1.1\r\n\r\nGET /readyz?verbose HTTP/1.1\r\n\r\n"
      "GET /metrics HTTP/1.1\r\n\r\n",
      SIZE_MAX, true, drained);
  CHECK(count(reply, "HTTP/1.1 200") == 3);
  CHECK(count(reply, "HTTP/1.1 503") == 1);
  CHECK(of_class("probe") == probes + 3);
  CHECK(of_class("5xx") == failures);
  CHECK(of_class("2xx") == successes + 1);
}
