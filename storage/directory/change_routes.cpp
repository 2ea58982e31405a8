// The part of ChangeWriter about the ways that mail for other domains goes.
#include <algorithm>

#include "storage/directory/all_other_domains.hpp"
#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

constexpr std::size_t route_name_bytes_max = 255;

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= route_name_bytes_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '@'; });
}

}  // namespace

Task<Result<void>> ChangeWriter::set_route(const directory::SetRoute& change) {
  const auto& route = change.route();
  if (!is_host_name(route.domain()) && route.domain() != all_other_domains)
    co_return fail(Errc::invalid, "not a domain: " + route.domain());
  const bool is_found_by_dns = route.kind() == directory::Route::MX;
  if (!is_found_by_dns && (!is_host_name(route.host()) || route.port() == 0 || route.port() > 65'535))
    co_return fail(Errc::invalid, "not a host and port: " + route.host());
  const auto ours = co_await builder_.get(Family::meta, keys_.domain(route.domain()));
  if (!ours) co_return tl::unexpected(ours.error());
  if (*ours)
    co_return fail(Errc::conflict, route.domain() + " is a domain of this grid: its mail stays here");
  co_return co_await put(keys_.route(route.domain()), route.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_route(const directory::RemoveRoute& change) {
  co_return co_await remove_existing(keys_.route(change.domain()), "route for " + change.domain());
}

}  // namespace gridmail
