#include "node/join.hpp"

#include "node/base/log.hpp"
#include "node/join.pb.h"

namespace gridmail {
namespace {

constexpr auto call_max = std::chrono::seconds(20);

Result<Map> read_answer(BytesView bytes) {
  joining::JoinAnswer answer;
  if (!answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::corrupted, "the introducer's answer cannot be read");
  }
  if (answer.error() != 0) return fail(static_cast<Errc>(answer.error() - 1), answer.text());
  return decode_map(answer.map());
}

}  // namespace

Task<Result<Map>> ask_to_join(Clock& clock, const TlsIdentity& identity, std::string token_text,
                              Member self) {
  const auto token = decode_join_token(token_text);
  if (!token) co_return tl::unexpected(token.error());
  joining::JoinRequest request;
  request.set_grid_id(token->grid_id);
  request.set_secret(token->secret);
  request.set_name(self.name);
  for (const auto& address : self.addresses) request.add_addresses(address);
  request.set_zone(self.zone);
  request.set_weight(self.weight);
  const auto answer = co_await call_stranger(clock, identity, token->addresses, token->introducer,
                                             request.SerializeAsString(), clock.now() + call_max);
  if (!answer) co_return tl::unexpected(answer.error());
  auto map = read_answer(*answer);
  if (map && map->grid_id != token->grid_id) {
    co_return fail(Errc::denied, "the introducer is in another grid than the join token");
  }
  co_return map;
}

Result<void> check_grid_of(const std::string& token, const Bytes& grid_id) {
  const auto decoded = decode_join_token(token);
  if (!decoded) return tl::unexpected(decoded.error());
  if (decoded->grid_id == grid_id) return {};
  return fail(Errc::denied, "this data directory belongs to another grid than the join token");
}

Task<Bytes> Introducer::answer(Bytes public_key, Bytes request) {
  const auto map = co_await admit(std::move(public_key), std::move(request));
  joining::JoinAnswer answer;
  if (map) {
    answer.set_map(encode_map(**map));
  } else {
    log(Level::warn, "join.refused", {{"reason", map.error().text}});
    answer.set_error(static_cast<std::uint32_t>(map.error().code) + 1);
    answer.set_text(map.error().text);
  }
  co_return answer.SerializeAsString();
}

Task<Result<MapPtr>> Introducer::admit(Bytes public_key, Bytes bytes) {
  joining::JoinRequest request;
  if (!request.ParseFromString(bytes)) co_return fail(Errc::invalid, "the request cannot be read");
  const auto map = parts_.map_register.current();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  if (request.grid_id() != map->grid_id) co_return fail(Errc::denied, "the join token is for another grid");
  Member member;
  member.id = node_id_of(public_key);
  member.public_key = public_key;
  member.name = request.name();
  member.addresses.assign(request.addresses().begin(), request.addresses().end());
  member.zone = request.zone();
  member.weight = request.weight();
  if (member.name.empty() || member.addresses.empty())
    co_return fail(Errc::invalid, "a member needs a name and an address");
  for (const auto& other : map->members) {
    if (other.name == member.name && other.id != member.id) {
      co_return fail(Errc::already_exists, "there is another node with the name " + member.name);
    }
  }
  const auto used = co_await parts_.directory.use_join_token(request.secret(), member.id);
  if (!used) co_return tl::unexpected(used.error());
  MapChange change;
  change.members.push_back({member});
  const auto agreed = co_await parts_.map_register.propose(std::move(change));
  if (!agreed) co_return tl::unexpected(agreed.error());
  if ((*agreed)->member(member.id) == nullptr)
    co_return fail(Errc::conflict, "the grid did not take the node in");
  log(Level::info, "join.admitted", {{"node", member.name}, {"id", member.id.hex()}});
  co_return *agreed;
}

}  // namespace gridmail
