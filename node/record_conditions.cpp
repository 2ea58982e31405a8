#include "node/record_conditions.hpp"

#include "protocols/text/normalization.hpp"
#include "storage/directory/all_other_domains.hpp"
#include "storage/directory/record_condition.hpp"

namespace gridmail {
namespace {

using Kind = api::Resource::Kind;

/// The record's key behind slot and area. Addresses and domains are taken as people write them.
Task<Result<Bytes>> key_of(const DirectoryView& view, api::Resource resource) {
  const DirectoryKeys keys(followed_directory_slot);
  if (resource.kind == Kind::settings) co_return DirectoryKeys::tail_of(keys.settings());
  if (resource.kind == Kind::route && resource.name == all_other_domains)
    co_return DirectoryKeys::tail_of(keys.route(resource.name));
  const bool is_domain = resource.kind == Kind::domain || resource.kind == Kind::route;
  const auto name = is_domain ? text::to_ascii_domain(resource.name) : text::canonical_address(resource.name);
  if (!name) co_return fail(Errc::invalid, "not a name: " + resource.name);
  if (resource.kind == Kind::domain) co_return DirectoryKeys::tail_of(keys.domain(*name));
  if (resource.kind == Kind::route) co_return DirectoryKeys::tail_of(keys.route(*name));
  if (resource.kind == Kind::alias) co_return DirectoryKeys::tail_of(keys.address(*name));
  if (resource.kind == Kind::list) co_return DirectoryKeys::tail_of(keys.list(*name));
  const auto user = co_await view.resolve(*name);
  if (!user && user.error().code == Errc::not_found) co_return fail(Errc::not_found, "no user " + *name);
  if (!user) co_return tl::unexpected(user.error());
  const auto id = UserId::from_bytes(user->id());
  if (!id) co_return fail(Errc::corrupted, "a user's record without an id");
  co_return DirectoryKeys::tail_of(keys.user(*id));
}

}  // namespace

Task<Result<std::string>> record_version(const DirectoryView& view, api::Resource resource) {
  const auto name = resource.name;
  auto key = co_await key_of(view, std::move(resource));
  if (!key) co_return tl::unexpected(key.error());
  const auto record = co_await view.stored(std::move(*key));
  if (!record && record.error().code == Errc::not_found) co_return fail(Errc::not_found, "no " + name);
  if (!record) co_return tl::unexpected(record.error());
  co_return to_hex(digest_of_record(*record));
}

Task<Result<directory::ExpectedRecord>> expected_record(const DirectoryView& view, api::Resource resource,
                                                        api::Precondition condition) {
  auto key = co_await key_of(view, std::move(resource));
  if (!key) co_return tl::unexpected(key.error());
  directory::ExpectedRecord expected;
  expected.set_key(std::move(*key));
  for (const auto& version : condition.versions) expected.add_digests(from_hex(version).value_or(Bytes()));
  expected.set_negated(condition.negated);
  co_return expected;
}

}  // namespace gridmail
