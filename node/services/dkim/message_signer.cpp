#include "node/services/dkim/message_signer.hpp"

#include <algorithm>

#include "protocols/dkim/relaxed_form.hpp"
#include "protocols/dkim/signature.hpp"
#include "protocols/mime/address.hpp"
#include "protocols/text/normalization.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

constexpr std::size_t read_keys_max = 1024;
constexpr std::size_t header_bytes_max = 256 * 1024;
constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t authors_looked_at = 20;
constexpr std::size_t domains_above_max = 8;

/// Where the header ends: behind the first empty line, or at the end.
std::size_t header_length(BytesView text) {
  if (text.starts_with("\r\n")) return 2;
  const auto end = text.find("\r\n\r\n");
  return end == BytesView::npos ? text.size() : end + 4;
}

/// The domain of the first author who has one.
std::string author_domain(BytesView header) {
  const auto from = mime::find_field(header, "From");
  if (!from) return {};
  for (const auto& author : mime::parse_addresses(*from, authors_looked_at)) {
    if (!author.mailbox || !author.host) continue;
    if (auto domain = text::to_ascii_domain(*author.host)) return std::move(*domain);
  }
  return {};
}

/// Reads the message once, in pieces. `header` is what of it belongs to the header, fields in front included.
struct Work {
  BytesView fields;
  const MessageBody& message;
  Bytes header = {};
  std::size_t body_from = 0;  ///< in `message`

  Result<void> read_header() {
    auto begin =
        message.read(0, static_cast<std::size_t>(std::min<std::uint64_t>(header_bytes_max, message.size())));
    if (!begin) return tl::unexpected(begin.error());
    header.assign(fields);
    header += *begin;
    header.resize(header_length(header));
    body_from = header.size() > fields.size() ? header.size() - fields.size() : 0;
    return {};
  }
  [[nodiscard]] Result<Bytes> body_hash() const {
    dkim::BodyHash hash;
    for (std::uint64_t at = body_from; at < message.size(); at += piece_bytes) {
      const auto piece = message.read(
          at, static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, message.size() - at)));
      if (!piece) return tl::unexpected(piece.error());
      hash.feed(*piece);
    }
    return hash.finish();
  }
  template <class Keys>
  [[nodiscard]] Result<std::string> sign(const Keys& keys, WallMicros at) const {
    const auto hash = body_hash();
    if (!hash) return tl::unexpected(hash.error());
    std::string all;
    for (const auto& [selector, key] : keys.by_selector) {
      auto field = dkim::signature_field(header, *hash, {keys.domain, selector, at}, key);
      if (!field) return field;
      all += *field;
    }
    return all;
  }
};

}  // namespace

Task<Result<std::string>> MessageSigner::sign(BytesView fields, const MessageBody& message) {
  Work work{fields, message};
  if (auto read = work.read_header(); !read) co_return tl::unexpected(read.error());
  const auto keys = co_await keys_for(author_domain(work.header));
  if (!keys) co_return tl::unexpected(keys.error());
  if (keys->by_selector.empty()) co_return std::string();
  const auto now = clock_.wall();
  if (workers_ == nullptr) co_return work.sign(*keys, now);
  co_return co_await workers_->run([&work, &keys, &now] { return work.sign(*keys, now); });
}

/// DMARC takes a domain above for the author's, too (RFC 7489, section 3.1.1): bounces come from the names
/// of nodes.
Task<Result<MessageSigner::Keys>> MessageSigner::keys_for(std::string domain) {
  Keys keys;
  for (std::size_t above = 0; above <= domains_above_max && !domain.empty(); ++above) {
    const auto records = co_await view_.dkim_keys_of(domain);
    if (!records) co_return tl::unexpected(records.error());
    for (const auto& record : *records) {
      if (record.state() != directory::DkimKey::ACTIVE) continue;
      auto key = read(record);
      if (!key) co_return tl::unexpected(key.error());
      keys.by_selector.emplace_back(record.selector(), std::move(*key));
    }
    keys.domain = domain;
    if (!keys.by_selector.empty()) break;
    const auto dot = domain.find('.');
    domain = dot == std::string::npos ? std::string() : domain.substr(dot + 1);
  }
  co_return keys;
}

Result<dkim::SigningKey> MessageSigner::read(const directory::DkimKey& record) {
  const std::lock_guard lock(guard_);
  const auto known = read_keys_.find(record.public_key());
  if (known != read_keys_.end()) return known->second;
  auto opened = record.private_key().empty() ? open_secret(record.sealed_key(), opener_.self, opener_.seed)
                                             : Result<Bytes>(record.private_key());
  if (!opened) return fail(Errc::unavailable, opened.error().text);
  auto key = dkim::SigningKey::read(*opened);
  if (!key) return key;
  if (read_keys_.size() >= read_keys_max) read_keys_.clear();
  read_keys_.emplace(record.public_key(), *key);
  return key;
}

}  // namespace gridmail
