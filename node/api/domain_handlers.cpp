#include "node/api/body.hpp"
#include "node/api/domain_control.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

using api::to_json;

Json to_json(const DkimKey& key) {
  return {{"domain", key.domain}, {"selector", key.selector},        {"algorithm", key.algorithm},
          {"state", key.state},   {"created", rfc3339(key.created)}, {"record_name", key.record_name},
          {"record", key.record}};
}

/// A field that may be missing.
Result<std::string> text_or(const Body& body, std::string_view field, std::string otherwise) {
  if (!body.has(field)) return otherwise;
  return body.text(field);
}

/// {"domain", "selector", "not_yet_on"}
Response changed_key(const Parameters& parameters, const Result<Applied>& applied) {
  if (!applied) return problem(applied.error());
  Json json = {{"domain", parameters.at(0)}, {"selector", parameters.at(1)}};
  json.update(to_json(*applied));
  return json_response(json);
}

Json to_json(const DomainRecord& record) {
  return {{"purpose", record.purpose}, {"name", record.name},        {"type", record.type},
          {"value", record.value},     {"state", record.state},      {"found", record.found},
          {"note", record.note},       {"required", record.required}};
}

}  // namespace

Task<Response> show_dns(GridControl& grid, Request, Parameters parameters) {
  const auto records = co_await grid.domains_of_grid().dns_records(parameters.at(0));
  if (!records) co_return problem(records.error());
  Json rows = Json::array();
  for (const auto& record : *records) rows.push_back(to_json(record));
  co_return json_response({{"domain", parameters.at(0)}, {"records", rows}});
}

Task<Response> list_dkim_keys(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.domains_of_grid().dkim_keys("");
  const auto cursor_of = [](const auto& key) { return key.domain + '\0' + key.selector; };
  co_return paging->respond_part(rows, cursor_of, [](const auto& key) { return to_json(key); });
}

Task<Response> add_dkim_key(GridControl& grid, Request request, Parameters parameters) {
  const auto body = Body::parse(request.body, {"algorithm", "selector"});
  if (!body) co_return problem(body.error());
  auto algorithm = text_or(*body, "algorithm", "rsa");
  if (!algorithm) co_return problem(algorithm.error());
  auto selector = text_or(*body, "selector", "");
  if (!selector) co_return problem(selector.error());
  const auto added = co_await grid.domains_of_grid().add_dkim_key(parameters.at(0), std::move(*algorithm),
                                                                  std::move(*selector));
  if (!added) co_return problem(added.error());
  Json json = to_json(added->key);
  json.update(to_json(added->applied));
  co_return json_response(json, 201);
}

Task<Response> activate_dkim_key(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.domains_of_grid().activate_dkim_key(parameters.at(0), parameters.at(1));
  co_return changed_key(parameters, applied);
}

Task<Response> retire_dkim_key(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.domains_of_grid().retire_dkim_key(parameters.at(0), parameters.at(1));
  co_return changed_key(parameters, applied);
}

Task<Response> remove_dkim_key(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.domains_of_grid().remove_dkim_key(parameters.at(0), parameters.at(1));
  co_return changed_key(parameters, applied);
}

}  // namespace gridmail::api
