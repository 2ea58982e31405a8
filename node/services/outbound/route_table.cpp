#include "node/services/outbound/route_table.hpp"

#include "storage/directory/all_other_domains.hpp"

namespace gridmail {

Task<Result<Route>> RouteTable::find(std::string domain) const {
  auto record = co_await view_.route(std::move(domain));
  const auto is_none = [&] { return !record && record.error().code == Errc::not_found; };
  if (is_none() && otherwise_.kind != Route::Kind::mx) co_return otherwise_;
  if (is_none()) record = co_await view_.route(std::string(all_other_domains));
  if (is_none()) co_return otherwise_;
  if (!record) co_return tl::unexpected(record.error());
  co_return route_of(*record);
}

}  // namespace gridmail
