#include "node/services/outbound/route_table.hpp"

namespace gridmail {

Task<Result<Route>> RouteTable::find(std::string domain) const {
  const auto record = co_await view_.route(std::move(domain));
  if (record) co_return route_of(*record);
  if (record.error().code == Errc::not_found) co_return otherwise_;
  co_return tl::unexpected(record.error());
}

}  // namespace gridmail
