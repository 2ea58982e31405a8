#include "node/services/limits/usage_limits.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <cmath>
#include <vector>

#include "node/base/log.hpp"
#include "node/services/limits/usage.pb.h"

namespace gridmail {
namespace {

constexpr std::size_t buckets_max = 100'000;
constexpr std::size_t rows_max = 5000;
constexpr std::size_t key_bytes_max = 600;
constexpr std::uint32_t told_share = 8;

/// A key is what, whom, and the subject: 4 or 8 octets of an address, 3 or 6 of a network, or a user.
std::string key_of(Counted what, Per whom, BytesView subject) {
  std::string key{static_cast<char>(what), static_cast<char>(whom)};
  return key.append(subject);
}

struct Subjects {
  Bytes address, network;  ///< both empty: no limits
};

/// Of IPv6 the first 64 bits are an address, as they are one customer's, and 48 a network (RFC 6177, section
/// 2).
Subjects subjects_of(const std::string& text) {
  std::error_code error;
  auto address = asio::ip::make_address(text, error);
  if (error) return {};
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  if (address.is_loopback()) return {};
  const auto first = [](const auto& octets, std::ptrdiff_t count) {
    return Bytes(octets.begin(), octets.begin() + count);
  };
  if (address.is_v4()) return {first(address.to_v4().to_bytes(), 4), first(address.to_v4().to_bytes(), 3)};
  return {first(address.to_v6().to_bytes(), 8), first(address.to_v6().to_bytes(), 6)};
}

}  // namespace

void UsageLimits::set(const LimitTable& table) {
  const std::lock_guard lock(guard_);
  table_ = table;
  std::erase_if(buckets_, [&](const auto& bucket) {
    const auto* limit = limit_of(bucket.first);
    return limit == nullptr || !*limit;
  });
}

std::vector<UsageLimits::Place> UsageLimits::places(Counted what, const Client& client) const {
  std::vector<Place> found;
  const auto add = [&](Per whom, BytesView subject) {
    const auto& limit = table_.of(what, whom);
    if (limit && !subject.empty()) found.push_back({key_of(what, whom, subject), *limit});
  };
  if (table_.of(what, Per::address) || table_.of(what, Per::network)) {
    const auto subjects = subjects_of(client.address);
    add(Per::address, subjects.address);
    add(Per::network, subjects.network);
  }
  add(Per::user, client.user);
  return found;
}

double UsageLimits::level_now(const Bucket& bucket, const Limit& limit, TimePoint now) {
  const std::chrono::duration<double> passed = now - bucket.at;
  const auto emptied = passed.count() * limit.count / static_cast<double>(limit.within.count());
  return std::max(0.0, bucket.level - emptied);
}

bool UsageLimits::has_room(const std::vector<Place>& places) const {
  const auto now = clock_.now();
  return std::all_of(places.begin(), places.end(), [&](const Place& place) {
    const auto found = buckets_.find(place.key);
    return found == buckets_.end() || level_now(found->second, place.limit, now) + 1 <= place.limit.count;
  });
}

void UsageLimits::add(const Place& place, std::uint32_t count, bool told) {
  const auto now = clock_.now();
  auto found = buckets_.find(place.key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= buckets_max) make_room();
    if (buckets_.size() >= buckets_max) return;
    found = buckets_.emplace(place.key, Bucket{0, now, 0}).first;
  }
  auto& bucket = found->second;
  // Fuller than full is no fuller: whoever was told late must not wait for longer than the limit says.
  bucket.level = std::min<double>(level_now(bucket, place.limit, now) + count, place.limit.count);
  bucket.at = now;
  if (!told) bucket.untold += count;
}

bool UsageLimits::take(Counted what, const Client& client) {
  const std::lock_guard lock(guard_);
  const auto where = places(what, client);
  if (!has_room(where)) return false;
  for (const auto& place : where) add(place, 1, false);
  return true;
}

bool UsageLimits::may(Counted what, const Client& client) const {
  const std::lock_guard lock(guard_);
  return has_room(places(what, client));
}

void UsageLimits::count(Counted what, const Client& client) {
  const std::lock_guard lock(guard_);
  for (const auto& place : places(what, client)) add(place, 1, false);
}

std::optional<UsageLimits::Standing> UsageLimits::standing(Counted what, const Client& client) const {
  const std::lock_guard lock(guard_);
  const auto now = clock_.now();
  std::optional<Standing> least;
  for (const auto& [key, limit] : places(what, client)) {
    const auto found = buckets_.find(key);
    const auto level = found == buckets_.end() ? 0 : level_now(found->second, limit, now);
    const auto seconds_of = [&, within = limit.within, count = limit.count](double share) {
      const auto seconds = std::max(0.0, share) * static_cast<double>(within.count()) / count;
      return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
    };
    const auto left = static_cast<std::uint32_t>(std::max(0.0, limit.count - level));
    if (!least || left < least->left)
      least = Standing{limit.count, left, seconds_of(level + 1 - limit.count), seconds_of(level)};
  }
  return least;
}

bool UsageLimits::may_send_message(const std::string& peer_address, UserId user) {
  const bool may = take(Counted::messages, {peer_address, user.is_nil() ? Bytes() : user.bytes()});
  if (!may) log(Level::info, "limit.messages_reached", {{"peer", peer_address}, {"user", user.hex()}});
  return may;
}

bool UsageLimits::may_name_recipient(const std::string& peer_address, UserId user) {
  const bool may = take(Counted::recipients, {peer_address, user.is_nil() ? Bytes() : user.bytes()});
  if (!may) log(Level::info, "limit.recipients_reached", {{"peer", peer_address}, {"user", user.hex()}});
  return may;
}

void UsageLimits::make_room() {
  const auto now = clock_.now();
  std::erase_if(buckets_, [&](const auto& bucket) {
    const auto* limit = limit_of(bucket.first);
    return limit == nullptr || !*limit || level_now(bucket.second, **limit, now) <= 0;
  });
}

/// Null: no key.
const std::optional<Limit>* UsageLimits::limit_of(std::string_view key) const {
  if (key.size() < 3 || key.size() > key_bytes_max) return nullptr;
  const auto what = static_cast<std::uint8_t>(key[0]);
  const auto whom = static_cast<std::uint8_t>(key[1]);
  if (what >= counted_kinds || whom >= per_kinds) return nullptr;
  return &table_.of(static_cast<Counted>(what), static_cast<Per>(whom));
}

Bytes UsageLimits::tell(std::size_t nodes) {
  const std::lock_guard lock(guard_);
  if (table_.empty()) return {};
  make_room();
  limits::Usage usage;
  for (auto& [key, bucket] : buckets_) {
    const auto& limit = **limit_of(key);
    const auto least =
        limit.count / (told_share * static_cast<std::uint32_t>(std::max<std::size_t>(nodes, 1)));
    if (bucket.untold == 0 || bucket.untold < least) continue;
    auto& row = *usage.add_rows();
    row.set_key(key);
    row.set_count(bucket.untold);
    bucket.untold = 0;
    if (static_cast<std::size_t>(usage.rows_size()) == rows_max) break;
  }
  return usage.rows_size() == 0 ? Bytes() : usage.SerializeAsString();
}

void UsageLimits::take_told(BytesView told) {
  limits::Usage usage;
  if (!usage.ParseFromArray(told.data(), static_cast<int>(told.size()))) return;
  const std::lock_guard lock(guard_);
  for (const auto& row : usage.rows()) {
    const auto* limit = limit_of(row.key());
    if (limit != nullptr && *limit) add({row.key(), **limit}, std::min(row.count(), (*limit)->count), true);
  }
}

}  // namespace gridmail
