#include "node/api/http_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "node/api/request_parser.hpp"
#include "node/api/router.hpp"
#include "node/base/metrics.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail::api {
namespace {

using std::chrono::seconds;
constexpr auto request_arrives_within = seconds(30);
constexpr auto answer_comes_within = seconds(40);
constexpr auto response_is_taken_within = seconds(30);
constexpr std::uint16_t not_modified = 304;  ///< has no body, and says nothing of one (RFC 9110, 15.4.5)
constexpr auto events_every = seconds(1);
constexpr auto comment_after = seconds(3);
constexpr auto events_flow_for = std::chrono::minutes(10);  ///< then the client is asked anew who it is

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    default:
      return "";  // may be empty (RFC 9112, 4)
  }
}

/// IMF-fixdate (RFC 9110, 5.6.7).
std::string http_date(WallMicros micros) {
  constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t when = static_cast<std::time_t>(micros / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&when, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(utc.tm_wday)],
                     utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// With the empty line that ends it. `framing`: the fields that say where the body ends.
std::string serialize_head(const Response& response, WallMicros now, std::string_view framing) {
  std::string bytes = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n{}", response.status,
                                  reason_of(response.status), http_date(now), framing);
  if (!response.content_type.empty()) bytes += fmt::format("Content-Type: {}\r\n", response.content_type);
  for (const auto& [name, value] : response.headers) bytes += fmt::format("{}: {}\r\n", name, value);
  return bytes + "\r\n";
}

std::string serialize(const Response& response, WallMicros now, bool with_body, bool keep_alive) {
  auto framing = std::string(keep_alive ? "" : "Connection: close\r\n");
  if (response.status != not_modified) framing += fmt::format("Content-Length: {}\r\n", response.body.size());
  const auto head = serialize_head(response, now, framing);
  return with_body ? head + response.body : head;
}

constexpr std::string_view requests_help =
    "Requests of the HTTP API and for pages, by the answer's class; probes are a class of their own.";
metrics::Counter succeeded{"http_requests_total", requests_help, "class=\"2xx\""};
metrics::Counter redirected{"http_requests_total", requests_help, "class=\"3xx\""};
metrics::Counter refused{"http_requests_total", requests_help, "class=\"4xx\""};
metrics::Counter failed{"http_requests_total", requests_help, "class=\"5xx\""};
metrics::Counter probed{"http_requests_total", requests_help, "class=\"probe\""};
metrics::Histogram answered_in{"http_request_seconds",
                               "From a request to its answer, but for event streams."};

/// To be told 503 is no failure there: so a node says that it is drained.
bool is_probe(const Request& request) {
  constexpr std::string_view paths[] = {"/livez", "/readyz", "/startupz"};
  return std::find(std::begin(paths), std::end(paths), request.path) != std::end(paths);
}

metrics::Counter& class_of(std::uint16_t status) {
  return status < 300 ? succeeded : status < 400 ? redirected : status < 500 ? refused : failed;
}

class HttpSession {
 public:
  HttpSession(std::unique_ptr<Stream> stream, GridControl& grid, Clock& clock)
      : stream_(std::move(stream)), grid_(grid), clock_(clock) {}

  Task<void> run() {
    for (bool open = true; open;) {
      auto received = co_await receive();
      if (!received) {
        auto response = problem(received.error());
        class_of(response.status).add();
        co_await send(std::move(response), true, false);
        break;
      }
      if (!*received) break;
      open = co_await answer_one(std::move(**received));
    }
    stream_->close();
  }

 private:
  /// Nothing: the client is done.
  Task<Result<std::optional<ReceivedRequest>>> receive() {
    stream_->expires_at(clock_.now() + request_arrives_within);
    std::array<char, 8192> chunk;
    for (;;) {
      auto request = parser_.next();
      if (!request || *request) co_return request;
      if (parser_.take_expectation()) co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n");
      const auto size = co_await stream_->read_some(chunk.data(), chunk.size());
      if (size == 0) co_return std::optional<ReceivedRequest>();
      parser_.feed({chunk.data(), size});
    }
  }

  /// Whether the connection goes on.
  Task<bool> answer_one(ReceivedRequest received) {
    Request request = std::move(received.request);
    request.peer_address = stream_->peer_address();
    request.peer_is_loopback = stream_->peer_is_loopback();
    request.is_secure = stream_->is_secure();
    stream_->expires_at(TimePoint::never());
    const bool counts_as_probe = is_probe(request);
    const auto begun = clock_.now();
    auto response =
        co_await before(clock_, clock_.now() + answer_comes_within, answer(grid_, std::move(request)));
    if (!response)
      response = problem({Errc::timed_out, "the grid did not answer in time; the outcome is unknown"});
    (counts_as_probe ? probed : class_of(response->status)).add();
    if (!response->more) answered_in.observe(clock_.now() - begun);
    if (response->more && !received.is_head) {
      co_await stream_events(std::move(*response));
      co_return false;
    }
    co_await send(std::move(*response), !received.is_head, received.keep_alive);
    co_return received.keep_alive;
  }

  /// Of no length that is known: it ends with the connection (RFC 9112, 6.3).
  Task<void> stream_events(Response response) {
    const auto until = clock_.now() + events_flow_for;
    auto quiet_since = clock_.now();
    std::string bytes = serialize_head(response, clock_.wall(), "Connection: close\r\n") + response.body;
    co_await write(std::move(bytes));
    while (clock_.now() < until) {
      co_await sleep_for(clock_, events_every);
      auto text = co_await before(clock_, clock_.now() + answer_comes_within, response.more());
      if (!text || !*text) co_return;
      std::string event_text = std::move(**text);
      if (event_text.empty() && clock_.now() - quiet_since < comment_after) continue;
      quiet_since = clock_.now();
      if (event_text.empty()) event_text = ":\n\n";  // a comment
      co_await write(std::move(event_text));
    }
  }

  Task<void> write(std::string bytes) {
    stream_->expires_at(clock_.now() + response_is_taken_within);
    co_await stream_->write(bytes);
    stream_->expires_at(TimePoint::never());
  }

  Task<void> send(Response response, bool with_body, bool keep_alive) {
    co_await write(serialize(response, clock_.wall(), with_body, keep_alive));
  }

  std::unique_ptr<Stream> stream_;
  GridControl& grid_;
  Clock& clock_;
  RequestParser parser_;
};

}  // namespace

Task<void> serve_http(std::unique_ptr<Stream> stream, GridControl& grid, Clock& clock) {
  HttpSession session(std::move(stream), grid, clock);
  co_await session.run();
}

}  // namespace gridmail::api
