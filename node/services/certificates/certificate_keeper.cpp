#include "node/services/certificates/certificate_keeper.hpp"

#include <openssl/x509v3.h>

#include <algorithm>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "storage/directory/sealed_secret.hpp"

namespace gridmail {
namespace {

/// A change is on every node's listeners within 5 s: 1 s here, and what the directory takes to get here.
constexpr auto look_every = std::chrono::seconds(1);

}  // namespace

CertificateKeeper::CertificateKeeper(Ports ports, NodeId self, std::string hostname, Bytes seed)
    : ports_(std::move(ports)), self_(self), hostname_(std::move(hostname)), seed_(std::move(seed)) {}

Task<void> CertificateKeeper::run() {
  for (;;) {
    co_await look();
    co_await sleep_for(ports_.clock, look_every);
  }
}

Task<void> CertificateKeeper::look() {
  const auto map = ports_.map();
  const auto records = co_await ports_.view.certificates();
  if (!map || !records) co_return;  // what is shown stays
  std::map<std::string, Known> now;
  bool changed = records->size() != known_.size();
  for (const auto& record : *records) {
    const auto before = known_.find(record.name());
    if (before != known_.end() && before->second.version == record.version()) {
      now.insert(*before);
    } else {
      now.emplace(record.name(), take(record));
      changed = true;
    }
  }
  if (changed) {
    known_ = std::move(now);
    show();
  }
  for (const auto& record : *records) co_await seal_to_all(record, map);
}

CertificateKeeper::Known CertificateKeeper::take(const directory::Certificate& record) {
  auto context = context_of(record);
  if (context) {
    log(Level::info, "certificate.taken", {{"name", record.name()}, {"version", record.version()}});
    return {record.version(), std::move(*context)};
  }
  log(Level::warn, "certificate.not_usable", {{"name", record.name()}, {"error", context.error().text}});
  return {record.version(), nullptr};
}

Result<TlsContext> CertificateKeeper::context_of(const directory::Certificate& record) const {
  const auto chain = parse_chain(record.chain());
  if (!chain) return tl::unexpected(chain.error());
  const auto pem = open_secret(record.key(), self_, seed_);
  if (!pem) return tl::unexpected(pem.error());
  const auto key = parse_key(*pem);
  if (!key) return tl::unexpected(key.error());
  return server_context(*chain, **key);
}

/// Of several for a name the one that ends last is shown: a new one takes the place of those it renews,
/// whatever other names they have. One with this node's own name comes first: clients that ask for none meet
/// it.
void CertificateKeeper::show() {
  std::multimap<WallMicros, TlsContext, std::greater<>> by_end;
  for (const auto& [name, known] : known_) {
    if (known.context)
      by_end.emplace(facts_of(*SSL_CTX_get0_certificate(known.context.get())).not_after, known.context);
  }
  std::vector<TlsContext> contexts;
  contexts.reserve(by_end.size());
  for (const auto& [end, context] : by_end) contexts.push_back(context);
  std::stable_partition(contexts.begin(), contexts.end(), [this](const TlsContext& context) {
    return X509_check_host(SSL_CTX_get0_certificate(context.get()), hostname_.data(), hostname_.size(), 0,
                           nullptr) == 1;
  });
  ports_.tls.replace_shared(std::move(contexts));
}

/// Another node that sees otherwise whose task it is does the same, and the version lets one of them through.
Task<void> CertificateKeeper::seal_to_all(const directory::Certificate& record, const MapPtr& map) {
  auto sealed = sealed_anew(record.key(), map->members, {self_, seed_, ports_.random, ports_.is_alive});
  if (!sealed || !*sealed) co_return;  // one that is not opened is not usable here, which was said
  directory::Change change;
  auto& put = *change.mutable_put_certificate();
  *put.mutable_certificate() = record;
  *put.mutable_certificate()->mutable_key() = std::move(**sealed);
  put.set_expected_version(record.version());
  if (const auto done = co_await ports_.directory.change(std::move(change)); !done) {
    log(Level::warn, "certificate.not_sealed", {{"name", record.name()}, {"error", done.error().text}});
  }
}

}  // namespace gridmail
