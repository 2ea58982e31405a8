// The part of ChangeWriter about the keys that sign a domain's mail.
#include <algorithm>

#include "storage/directory/change_writer.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

/// Rotation needs two of each algorithm.
constexpr std::size_t keys_of_domain_max = 16;
constexpr std::size_t selector_bytes_max = 63;
constexpr std::size_t key_bytes_max = 8 * 1024;

/// One label of a domain name (RFC 6376, section 3.1), lower-case.
bool is_selector(std::string_view name) {
  return !name.empty() && name.size() <= selector_bytes_max && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Task<Result<std::vector<directory::DkimKey>>> ChangeWriter::dkim_keys_of(const std::string& domain) {
  auto range = keys_.dkim_keys_of(domain);
  const auto pairs =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), SIZE_MAX);
  if (!pairs) co_return tl::unexpected(pairs.error());
  std::vector<directory::DkimKey> all;
  for (const auto& pair : *pairs) {
    auto key = decode_record<directory::DkimKey>(pair.value);
    if (!key) co_return tl::unexpected(key.error());
    all.push_back(std::move(*key));
  }
  co_return all;
}

Task<Result<void>> ChangeWriter::put_dkim_key(const directory::DkimKey& key) {
  return put(keys_.dkim_key(key.domain(), key.selector()), key.SerializeAsString());
}

/// A domain that is another's other name has keys of its own: mail from it names it.
Task<Result<void>> ChangeWriter::add_dkim_key(const directory::AddDkimKey& change) {
  directory::DkimKey key = change.key();
  const auto domain = co_await builder_.get(Family::meta, keys_.domain(key.domain()));
  if (!domain) co_return tl::unexpected(domain.error());
  if (!*domain) co_return fail(Errc::not_found, "no domain " + key.domain());
  if (!is_selector(key.selector())) co_return fail(Errc::invalid, "not a selector: " + key.selector());
  if (!key.private_key().empty() || !is_sealed(key.sealed_key()) || key.public_key().size() > key_bytes_max)
    co_return fail(Errc::invalid, "not a key");
  const auto all = co_await dkim_keys_of(key.domain());
  if (!all) co_return tl::unexpected(all.error());
  for (const auto& other : *all) {
    if (other.selector() == key.selector())
      co_return fail(Errc::already_exists, "selector " + key.selector() + " is there already");
  }
  if (all->size() >= keys_of_domain_max)
    co_return fail(Errc::conflict, key.domain() + " has too many keys: remove old ones first");
  key.set_created(now_);
  key.set_state(directory::DkimKey::PUBLISHED);
  co_return co_await put_dkim_key(key);
}

Task<Result<void>> ChangeWriter::set_dkim_key_state(const directory::SetDkimKeyState& change) {
  auto key = co_await load<directory::DkimKey>(keys_.dkim_key(change.domain(), change.selector()));
  if (!key) co_return tl::unexpected(key.error());
  if (!*key) co_return fail(Errc::not_found, "no selector " + change.selector() + " of " + change.domain());
  auto& changed = **key;
  if (change.state() == directory::DkimKey::ACTIVE) {
    auto all = co_await dkim_keys_of(change.domain());
    if (!all) co_return tl::unexpected(all.error());
    for (auto& other : *all) {
      const bool is_replaced = other.state() == directory::DkimKey::ACTIVE &&
                               other.algorithm() == changed.algorithm() &&
                               other.selector() != changed.selector();
      if (!is_replaced) continue;
      other.set_state(directory::DkimKey::RETIRED);
      if (auto done = co_await put_dkim_key(other); !done) co_return done;
    }
  }
  changed.set_state(change.state());
  co_return co_await put_dkim_key(changed);
}

Task<Result<void>> ChangeWriter::seal_dkim_key(const directory::SealDkimKey& change) {
  auto key = co_await load<directory::DkimKey>(keys_.dkim_key(change.domain(), change.selector()));
  if (!key) co_return tl::unexpected(key.error());
  if (!*key || (*key)->public_key() != change.public_key())
    co_return fail(Errc::not_found, "no such key " + change.selector() + " of " + change.domain());
  if (!is_sealed(change.sealed_key())) co_return fail(Errc::invalid, "not a key");
  (*key)->clear_private_key();
  *(*key)->mutable_sealed_key() = change.sealed_key();
  co_return co_await put_dkim_key(**key);
}

Task<Result<void>> ChangeWriter::remove_dkim_key(const directory::RemoveDkimKey& change) {
  const auto key = co_await load<directory::DkimKey>(keys_.dkim_key(change.domain(), change.selector()));
  if (!key) co_return tl::unexpected(key.error());
  if (*key && (*key)->state() == directory::DkimKey::ACTIVE)
    co_return fail(Errc::conflict,
                   "selector " + change.selector() + " signs mail: activate another, or retire it");
  co_return co_await remove_existing(keys_.dkim_key(change.domain(), change.selector()),
                                     "selector " + change.selector() + " of " + change.domain());
}

Task<Result<void>> ChangeWriter::remove_dkim_keys_of(const std::string& domain) {
  const auto all = co_await dkim_keys_of(domain);
  if (!all) co_return tl::unexpected(all.error());
  for (const auto& key : *all) {
    if (auto done = co_await remove(keys_.dkim_key(domain, key.selector())); !done) co_return done;
  }
  co_return Result<void>{};
}

}  // namespace gridmail
