#include "node/api/body.hpp"
#include "node/api/conditional.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::int64_t weight_max = 10'000;
constexpr std::int64_t maintenance_seconds_max = 7 * 24 * 3600;
constexpr std::int64_t copies_max = 2;  // in sets everywhere, so that more can follow
constexpr std::int64_t unchanged = -1;

}  // namespace

Task<Response> drain_node(GridControl& grid, Request, Parameters parameters) {
  const auto begun = co_await grid.drain(parameters.at(0));
  co_return respond(begun);
}

Task<Response> undrain_node(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.undrain(parameters.at(0));
  co_return respond(done);
}

Task<Response> remove_node(GridControl& grid, Request, Parameters parameters) {
  const auto begun = co_await grid.remove_node(parameters.at(0));
  co_return respond(begun);
}

Task<Response> replace_node(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"with"});
  if (!body) co_return problem(body.error());
  auto successor = body->text("with");
  if (!successor) co_return problem(successor.error());
  const auto begun = co_await grid.replace_node(parameters.at(0), std::move(*successor));
  co_return respond(begun);
}

Task<Response> set_node_weight(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"weight"});
  if (!body) co_return problem(body.error());
  const auto weight = body->number("weight", -1, 0, weight_max);
  if (!weight) co_return problem(weight.error());
  if (*weight < 0) co_return problem({Errc::invalid, "weight is missing"});
  const auto begun = co_await grid.set_weight(parameters.at(0), static_cast<std::uint32_t>(*weight));
  co_return respond(begun);
}

Task<Response> set_node_zone(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"zone"});
  if (!body) co_return problem(body.error());
  auto zone = body->text("zone");
  if (!zone) co_return problem(zone.error());
  const auto begun = co_await grid.set_zone(parameters.at(0), std::move(*zone));
  co_return respond(begun);
}

Task<Response> maintain_node(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"seconds"});
  if (!body) co_return problem(body.error());
  const auto seconds = body->number("seconds", -1, 0, maintenance_seconds_max);
  if (!seconds) co_return problem(seconds.error());
  if (*seconds < 0) co_return problem({Errc::invalid, "seconds is missing"});
  const auto begun = co_await grid.maintain(parameters.at(0), std::chrono::seconds(*seconds));
  co_return respond(begun);
}

Task<Response> show_settings(GridControl& grid, Request request, Parameters) {
  Resource resource{Resource::Kind::settings, {}};
  const auto version = co_await grid.version_of(std::move(resource));
  const auto settings = co_await grid.settings();
  co_return tagged(request, version, respond(settings));
}

Task<Response> change_settings(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"copies", "copies_min", "limits", "postmaster", "scrub_days"});
  if (!body) co_return problem(body.error());
  const auto copies = body->number("copies", unchanged, 1, copies_max);
  if (!copies) co_return problem(copies.error());
  const auto copies_min = body->number("copies_min", unchanged, 1, copies_max);
  if (!copies_min) co_return problem(copies_min.error());
  const auto scrub_days = body->number("scrub_days", unchanged, 0, scrub_days_max);
  if (!scrub_days) co_return problem(scrub_days.error());
  const auto given = [](std::int64_t value) {
    return value == unchanged ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
  };
  SettingsWish wish{given(*copies), given(*copies_min), std::nullopt, given(*scrub_days), std::nullopt};
  if (body->has("postmaster")) {
    auto postmaster = body->text("postmaster");
    if (!postmaster) co_return problem(postmaster.error());
    wish.postmaster = std::move(*postmaster);
  }
  if (body->has("limits")) {
    auto limits = body->text("limits");
    if (!limits) co_return problem(limits.error());
    wish.limits = std::move(*limits);
  }
  const auto settings = co_await grid.change_settings(std::move(wish));
  co_return respond(settings);
}

Task<Response> begin_scrub(GridControl& grid, Request, Parameters) {
  const auto done = co_await grid.begin_scrub();
  co_return respond(done);
}

Task<Response> list_jobs(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto jobs = co_await grid.jobs();
  co_return paging->respond_by_place(jobs);
}

Task<Response> pause_job(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.pause_job(parameters.at(0), true);
  co_return respond(done);
}

Task<Response> resume_job(GridControl& grid, Request, Parameters parameters) {
  const auto done = co_await grid.pause_job(parameters.at(0), false);
  co_return respond(done);
}

}  // namespace gridmail::api
