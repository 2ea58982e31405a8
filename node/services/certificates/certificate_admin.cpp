#include "node/services/certificates/certificate_admin.hpp"

#include "node/runtime/server_tls.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

/// What the directory keeps of it, but for the key. Errors: invalid.
Result<directory::Certificate> checked(const std::string& chain_pem, const std::string& key_pem,
                                       WallMicros now) {
  const auto chain = parse_chain(chain_pem);
  if (!chain) return tl::unexpected(chain.error());
  const auto key = parse_key(key_pem);
  if (!key) return tl::unexpected(key.error());
  if (const auto usable = server_context(*chain, **key); !usable) {
    return fail(Errc::invalid, "the key does not fit the first certificate: " + usable.error().text);
  }
  if (auto known = check_for_clients(*chain); !known) return tl::unexpected(known.error());
  const auto facts = facts_of(*chain->front());
  if (facts.names.empty())
    return fail(Errc::invalid, "the certificate names no DNS name that clients could ask for");
  if (facts.not_after <= now) return fail(Errc::invalid, "the certificate has expired");
  if (facts.not_before > now) return fail(Errc::invalid, "the certificate is not valid yet");
  directory::Certificate record;
  record.set_name(facts.names.front());
  record.set_chain(to_pem(*chain));
  record.set_created(now);
  return record;
}

}  // namespace

Task<Result<AppliedChange>> CertificateAdmin::put(std::string chain_pem, std::string key_pem) {
  const auto map = ports_.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  auto record = checked(chain_pem, key_pem, ports_.clock.wall());
  if (!record) co_return tl::unexpected(record.error());
  *record->mutable_key() = seal_secret(key_pem, map->members, ports_.random);
  directory::Change change;
  *change.mutable_put_certificate()->mutable_certificate() = std::move(*record);
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<AppliedChange>> CertificateAdmin::remove(std::string name) {
  directory::Change change;
  change.mutable_remove_certificate()->set_name(std::move(name));
  co_return co_await ports_.directory.change(std::move(change));
}

Task<Result<std::vector<CertificateRow>>> CertificateAdmin::list() {
  const auto records = co_await ports_.view.certificates();
  if (!records) co_return tl::unexpected(records.error());
  std::vector<CertificateRow> rows;
  const std::lock_guard lock(read_->mutex);
  auto before = std::exchange(read_->rows, {});
  for (const auto& record : *records) {
    auto found = before.find(record.name());
    if (found == before.end() || found->second.first != record.version()) {
      const auto chain = parse_chain(record.chain());
      if (!chain) co_return tl::unexpected(Error{Errc::corrupted, record.name() + ": " + chain.error().text});
      CertificateRow row{record.name(), facts_of(*chain->front()), record.created()};
      found = before.insert_or_assign(record.name(), std::pair(record.version(), std::move(row))).first;
    }
    rows.push_back(found->second.second);
    read_->rows.insert(*found);
  }
  co_return rows;
}

}  // namespace gridmail
