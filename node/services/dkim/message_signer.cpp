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
constexpr std::size_t header_bytes_usual = 16 * 1024;
constexpr std::size_t header_bytes_max = 256 * 1024;
constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t authors_looked_at = 20;
constexpr std::size_t domains_above_max = 8;
constexpr std::size_t keyless_max = 1024;
constexpr Duration keyless_for = std::chrono::seconds(1);

/// Where the header ends: behind the first empty line, if there is one.
std::optional<std::size_t> header_end(BytesView text) {
  if (text.starts_with("\r\n")) return 2;
  const auto end = text.find("\r\n\r\n");
  if (end == BytesView::npos) return std::nullopt;
  return end + 4;
}

/// The domain of the first author who has one.
std::string domain_in(const std::string& from) {
  for (const auto& author : mime::parse_addresses(from, authors_looked_at)) {
    if (!author.mailbox || !author.host) continue;
    if (auto domain = text::to_ascii_domain(*author.host)) return std::move(*domain);
  }
  return {};
}

/// Reads the message in pieces, and of one that is not signed no more than its header.
struct Work {
  BytesView fields;
  const MessageBody& message;
  Bytes begin = {};           ///< of `message`: its header, and what was read with that
  Bytes header = {};          ///< that of `message`, and the fields in front
  std::size_t body_from = 0;  ///< in `message`

  Result<void> read_begin() {
    for (const auto most : {header_bytes_usual, header_bytes_max}) {
      auto read = message.read(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, message.size())));
      if (!read) return tl::unexpected(read.error());
      begin = std::move(*read);
      if (header_end(begin) || begin.size() == message.size()) break;
    }
    return {};
  }
  [[nodiscard]] std::string author_domain() const {
    auto from = mime::find_field(fields, "From");
    if (!from && !header_end(fields)) from = mime::find_field(begin, "From");
    return from ? domain_in(*from) : std::string();
  }
  void join_header() {
    header.reserve(fields.size() + begin.size());
    header.append(fields).append(begin);
    header.resize(header_end(header).value_or(header.size()));
    body_from = header.size() > fields.size() ? header.size() - fields.size() : 0;
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
  if (auto read = work.read_begin(); !read) co_return tl::unexpected(read.error());
  const auto keys = co_await keys_for(work.author_domain());
  if (!keys) co_return tl::unexpected(keys.error());
  if (keys->by_selector.empty()) co_return std::string();
  work.join_header();
  const auto now = clock_.wall();
  if (workers_ == nullptr) co_return work.sign(*keys, now);
  co_return co_await workers_->run([&work, &keys, &now] { return work.sign(*keys, now); });
}

Task<Result<MessageSigner::Keys>> MessageSigner::keys_for(std::string domain) {
  Keys none;
  const auto now = clock_.now();
  {
    const std::lock_guard lock(guard_);
    const auto known = keyless_.find(domain);
    if (known != keyless_.end() && now < known->second) co_return none;
  }
  auto keys = co_await look_up(domain);
  if (!keys || keys->some_inactive || !keys->by_selector.empty()) co_return keys;
  const std::lock_guard lock(guard_);
  if (keyless_.size() >= keyless_max) keyless_.clear();
  keyless_.insert_or_assign(std::move(domain), now + keyless_for);
  co_return keys;
}

/// DMARC takes a domain above for the author's, too (RFC 7489, section 3.1.1): bounces come from the names
/// of nodes.
Task<Result<MessageSigner::Keys>> MessageSigner::look_up(std::string domain) {
  Keys keys;
  for (std::size_t above = 0; above <= domains_above_max && !domain.empty(); ++above) {
    const auto records = co_await view_.dkim_keys_of(domain);
    if (!records) co_return tl::unexpected(records.error());
    for (const auto& record : *records) {
      const bool is_active = record.state() == directory::DkimKey::ACTIVE;
      keys.some_inactive = keys.some_inactive || !is_active;
      if (!is_active) continue;
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
