#include "gossip/membership/join_token.hpp"

#include <cctype>

#include "gossip/membership/join_token.pb.h"

namespace gridmail {
namespace {

// "gridmail-join-1.": the number is the format's. Then base64url of the record and four bytes of its BLAKE2b.
constexpr std::string_view prefix = "gridmail-join-";
constexpr std::string_view format = "1.";
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t text_bytes_max = 4096;

Bytes checksum(BytesView record) {
  return blake2b(record, 16, "gridmail join token").substr(0, checksum_bytes);
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

Result<JoinToken> read(const gossip::JoinTokenRecord& record) {
  const auto introducer = NodeId::from_bytes(record.introducer());
  if (!introducer || record.grid_id().size() != 16 || record.secret().size() != join_secret_bytes ||
      record.addresses().empty()) {
    return fail(Errc::corrupted, "the join token is incomplete");
  }
  JoinToken token;
  token.grid_id = record.grid_id();
  token.addresses.assign(record.addresses().begin(), record.addresses().end());
  token.introducer = *introducer;
  token.secret = record.secret();
  token.expires = record.expires();
  return token;
}

}  // namespace

Bytes draw_join_secret(Random& random) {
  Bytes secret(join_secret_bytes, '\0');
  random.fill(secret.data(), secret.size());
  return secret;
}

std::string encode_join_token(const JoinToken& token) {
  gossip::JoinTokenRecord record;
  record.set_grid_id(token.grid_id);
  for (const auto& address : token.addresses) record.add_addresses(address);
  record.set_introducer(token.introducer.bytes());
  record.set_secret(token.secret);
  record.set_expires(token.expires);
  const Bytes bytes = record.SerializeAsString();
  return std::string(prefix) + std::string(format) + to_base64url(bytes + checksum(bytes));
}

Result<JoinToken> decode_join_token(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with(prefix) || text.size() > text_bytes_max) {
    return fail(Errc::invalid, "this is no join token: it begins with \"gridmail-join-\"");
  }
  text.remove_prefix(prefix.size());
  if (!text.starts_with(format)) {
    return fail(Errc::unsupported,
                "the join token is of a format this program does not know; is it up to date?");
  }
  const auto bytes = from_base64url(text.substr(format.size()));
  if (!bytes || bytes->size() <= checksum_bytes)
    return fail(Errc::corrupted, "the join token is mistyped or cut off");
  const BytesView body = BytesView(*bytes).substr(0, bytes->size() - checksum_bytes);
  if (checksum(body) != BytesView(*bytes).substr(body.size())) {
    return fail(Errc::corrupted, "the join token is mistyped or cut off");
  }
  gossip::JoinTokenRecord record;
  if (!record.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return fail(Errc::corrupted, "the join token cannot be read");
  }
  return read(record);
}

bool is_expired(const JoinToken& token, WallMicros now) {
  return now >= token.expires;
}

}  // namespace gridmail
