// What the grid did and does: figures over time, and a stream of events for pages that stay open.
#include <cmath>

#include "node/api/credentials.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/figures/figure_service.hpp"

namespace gridmail::api {
namespace {

constexpr int figures_every = 10;  // events apart

/// Columns rather than rows: a quarter of the bytes.
Json columns(const std::vector<figures::Span>& spans) {
  Json table = Json::object();
  const auto column = [&](std::string_view name, const auto& value_of) {
    Json values = Json::array();
    for (const auto& span : spans) values.push_back(value_of(span));
    table[std::string(name)] = std::move(values);
  };
  const auto millis = [](const auto& buckets, double share) {
    const auto seconds = quantile(buckets, share);
    return seconds ? Json(std::lround(*seconds * 1000)) : Json(nullptr);
  };
  column("end", [](const auto& span) { return span.end(); });
  column("received", [](const auto& span) { return span.received(); });
  column("deferred", [](const auto& span) { return span.deferred(); });
  column("refused", [](const auto& span) { return span.refused(); });
  column("delivered", [](const auto& span) { return span.delivered(); });
  column("queued", [](const auto& span) { return span.queued(); });
  column("taken_in", [](const auto& span) { return span.taken_in(); });
  column("log_ins", [](const auto& span) { return span.log_ins(); });
  column("wrong_passwords", [](const auto& span) { return span.wrong_passwords(); });
  column("smtp_p50_ms", [&](const auto& span) { return millis(span.smtp_seconds(), 0.5); });
  column("smtp_p99_ms", [&](const auto& span) { return millis(span.smtp_seconds(), 0.99); });
  column("imap_p50_ms", [&](const auto& span) { return millis(span.imap_seconds(), 0.5); });
  column("imap_p99_ms", [&](const auto& span) { return millis(span.imap_seconds(), 0.99); });
  column("smtp_sessions", [](const auto& span) { return span.smtp_sessions(); });
  column("imap_sessions", [](const auto& span) { return span.imap_sessions(); });
  column("pop3_sessions", [](const auto& span) { return span.pop3_sessions(); });
  column("load_max", [](const auto& span) { return span.load(); });
  return table;
}

Json to_json(const FigureReport::Node& node) {
  Json full_in = nullptr;
  if (node.disk_free_change && *node.disk_free_change < 0) {
    full_in =
        static_cast<std::int64_t>(static_cast<double>(node.last.disk_free_bytes()) / -*node.disk_free_change);
  }
  return {{"id", node.id.hex()},
          {"end", node.last.end()},
          {"sessions", node.last.smtp_sessions() + node.last.imap_sessions() + node.last.pop3_sessions()},
          {"load", node.last.load()},
          {"disk_free_bytes", node.last.disk_free_bytes()},
          {"disk_full_in_days", std::move(full_in)},
          {"clock_ahead_ms", node.clock_ahead ? Json(node.clock_ahead->count() / 1000) : Json(nullptr)}};
}

Json to_json(const FigureReport& report) {
  Json nodes = Json::array(), silent = Json::array();
  for (const auto& node : report.nodes) nodes.push_back(to_json(node));
  for (const auto& node : report.silent) silent.push_back(node.hex());
  return {{"window", report.window == figures::Question::HOUR ? "hour" : "day"},
          {"span_seconds", span_seconds(report.window)},
          {"nodes", std::move(nodes)},
          {"silent", std::move(silent)},
          {"spans", columns(report.spans)}};
}

std::string event(std::string_view name, const Json& data) {
  return "event: " + std::string(name) +
         "\ndata: " + data.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
}

/// One page that stays open: who asked, and what it has been told.
struct Watcher {
  Watcher(GridControl& of, Request from) : grid(of), request(std::move(from)) {}
  GridControl& grid;
  Request request;
  std::string status;
  int until_figures = 0;
};

/// Each event is the whole state, so a page that comes back needs nothing of what it missed.
Task<std::string> news(std::shared_ptr<Watcher> watcher) {
  std::string text;
  const auto status = co_await watcher->grid.status();
  if (status) {
    auto told = event("status", api::to_json(*status));
    if (told != watcher->status) text += told;
    watcher->status = std::move(told);
  }
  if (watcher->until_figures-- > 0) co_return text;
  watcher->until_figures = figures_every - 1;
  const auto report = co_await watcher->grid.figures(figures::Question::HOUR);
  if (report) text += event("figures", to_json(*report));
  co_return text;
}

/// Whether who asked still may: a session ends, a role is taken away. While that cannot be known it goes on.
/// A password would count as a log-in each time; its stream ends by itself before long.
Task<bool> may_watch(const Watcher& watcher) {
  const auto given = parse_authorization(watcher.request.authorization);
  if (given && given->token.empty()) co_return true;
  constexpr std::uint16_t unauthorized = 401, forbidden = 403;
  const auto known = co_await check_credentials(watcher.grid, watcher.request);
  if (known) co_return may(*known, Access::viewer, false);
  const auto status = known.error().status;
  co_return !(status == unauthorized || status == forbidden);
}

Task<std::optional<std::string>> news_if_allowed(std::shared_ptr<Watcher> watcher) {
  if (watcher->until_figures == 0) {
    const bool may_go_on = co_await may_watch(*watcher);
    if (!may_go_on) co_return std::nullopt;
  }
  auto text = co_await news(watcher);
  co_return std::move(text);
}

}  // namespace

Task<Response> show_figures(GridControl& grid, Request request, Parameters) {
  FigureWindow window = figures::Question::HOUR;
  if (request.query == "window=day") {
    window = figures::Question::DAY;
  } else if (!request.query.empty() && request.query != "window=hour") {
    co_return problem({Errc::invalid, "window is hour or day"});
  }
  const auto report = co_await grid.figures(window);
  if (!report) co_return problem(report.error());
  co_return json_response(to_json(*report));
}

Task<Response> watch(GridControl& grid, Request request, Parameters) {
  const auto watcher = std::make_shared<Watcher>(grid, std::move(request));
  Response response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-store"}};
  const auto first = co_await news(watcher);
  response.body = "retry: 2000\n\n" + first;
  response.more = [watcher] { return news_if_allowed(watcher); };
  co_return response;
}

}  // namespace gridmail::api
