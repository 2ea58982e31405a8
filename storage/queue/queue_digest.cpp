#include "storage/queue/queue_digest.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace gridmail {
namespace {

constexpr std::size_t reply_bytes_max = 200;

/// 0 is no time.
std::int64_t earlier(std::int64_t one, std::int64_t other) {
  if (one == 0 || other == 0) return std::max(one, other);
  return std::min(one, other);
}

/// Ends between two characters of UTF-8.
std::string beginning(const std::string& reply) {
  if (reply.size() <= reply_bytes_max) return reply;
  auto end = reply_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(reply[end]) & 0xc0U) == 0x80U) --end;
  return reply.substr(0, end);
}

}  // namespace

void DigestSum::add(const queue::Digest::Destination& part) {
  auto& sum = destinations_[part.name()];
  sum.set_name(part.name());
  sum.set_entries(sum.entries() + part.entries());
  sum.set_oldest(earlier(sum.oldest(), part.oldest()));
  const bool says_more = !part.last_reply().empty() && part.attempts() >= sum.attempts();
  if (says_more || sum.last_reply().empty()) sum.set_last_reply(beginning(part.last_reply()));
  sum.set_attempts(std::max(sum.attempts(), part.attempts()));
}

void DigestSum::add(const queue::Digest& part) {
  sum_.set_entries(sum_.entries() + part.entries());
  sum_.set_oldest(earlier(sum_.oldest(), part.oldest()));
  sum_.set_held(sum_.held() + part.held());
  sum_.set_slots(sum_.slots() + part.slots());
  for (const auto& destination : part.destinations()) add(destination);
}

void DigestSum::add(const queue::Summary& entry) {
  sum_.set_entries(sum_.entries() + 1);
  sum_.set_oldest(earlier(sum_.oldest(), entry.accepted()));
  sum_.set_held(sum_.held() + (entry.held() ? 1 : 0));
  std::set<std::string> names;
  for (const auto& address : entry.waiting()) names.insert(address.substr(address.rfind('@') + 1));
  for (const auto& name : names) {
    queue::Digest::Destination part;
    part.set_name(name);
    part.set_entries(1);
    part.set_oldest(entry.accepted());
    part.set_attempts(entry.attempts());
    part.set_last_reply(entry.last_error());
    add(part);
  }
}

queue::Digest DigestSum::worst(std::size_t destinations_max) const {
  std::vector<const queue::Digest::Destination*> all;
  for (const auto& [name, destination] : destinations_) all.push_back(&destination);
  const auto count = std::min(destinations_max, all.size());
  const auto is_worse = [](const auto* one, const auto* other) {
    if (one->entries() != other->entries()) return one->entries() > other->entries();
    return one->oldest() < other->oldest();
  };
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), is_worse);
  auto digest = sum_;
  for (std::size_t i = 0; i < count; ++i) *digest.add_destinations() = *all[i];
  return digest;
}

}  // namespace gridmail
