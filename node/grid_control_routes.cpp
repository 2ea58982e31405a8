// The part of GridControlBinding about the ways that mail for other domains goes.
#include "node/grid_control_binding.hpp"
#include "node/services/outbound/route.hpp"
#include "protocols/text/normalization.hpp"
#include "storage/directory/all_other_domains.hpp"

namespace gridmail {
namespace {

Result<std::string> canonical_domain(const std::string& name) {
  if (name == all_other_domains) return name;
  auto domain = text::to_ascii_domain(name);
  if (!domain || domain->starts_with('[')) return fail(Errc::invalid, "not a domain: " + name);
  return std::move(*domain);
}

}  // namespace

Task<Result<std::vector<api::RouteRow>>> GridControlBinding::routes() {
  const auto records = co_await parts_.mail.view().routes();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<api::RouteRow> rows;
  for (const auto& record : *records)
    rows.push_back({record.domain(), route_of(record).via(), record.tls_required()});
  co_return rows;
}

Task<Result<api::RouteRow>> GridControlBinding::route(std::string name) {
  const auto domain = canonical_domain(name);
  if (!domain) co_return tl::unexpected(domain.error());
  const auto record = co_await parts_.mail.view().route(*domain);
  if (!record && record.error().code == Errc::not_found)
    co_return fail(Errc::not_found, "no route for " + *domain);
  if (!record) co_return tl::unexpected(record.error());
  co_return api::RouteRow{record->domain(), route_of(*record).via(), record->tls_required()};
}

Task<Result<api::Applied>> GridControlBinding::set_route(api::RouteRow row) {
  const auto domain = canonical_domain(row.domain);
  if (!domain) co_return tl::unexpected(domain.error());
  auto route = parse_route(row.via);
  if (!route) co_return tl::unexpected(route.error());
  route->tls_required = row.tls_required;
  directory::Change change;
  *change.mutable_set_route()->mutable_route() = record_of(*domain, *route);
  const auto changed = co_await as_->directory.change(std::move(change));
  if (!changed) co_return tl::unexpected(changed.error());
  co_return api::Applied{changed->lagging};
}

Task<Result<api::Applied>> GridControlBinding::remove_route(std::string name) {
  const auto domain = canonical_domain(name);
  if (!domain) co_return tl::unexpected(domain.error());
  directory::Change change;
  change.mutable_remove_route()->set_domain(*domain);
  const auto changed = co_await as_->directory.change(std::move(change));
  if (!changed) co_return tl::unexpected(changed.error());
  co_return api::Applied{changed->lagging};
}

}  // namespace gridmail
