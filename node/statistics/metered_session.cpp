#include "node/statistics/metered_session.hpp"

namespace gridmail {
namespace {

/// The tally outlives it.
class MeteredStream final : public Stream {
 public:
  MeteredStream(std::unique_ptr<Stream> inner, TrafficTally& tally)
      : inner_(std::move(inner)), tally_(tally) {
    name_connection(inner_->connection());
  }

  Task<std::size_t> read_some(char* out, std::size_t size) override {
    const auto count = co_await inner_->read_some(out, size);
    tally_.read(count);
    co_return count;
  }
  Task<void> write(BytesView bytes) override {
    co_await inner_->write(bytes);
    tally_.written(bytes.size());
  }
  void expires_at(TimePoint when) override { inner_->expires_at(when); }
  Task<void> start_tls() override { return inner_->start_tls(); }
  bool can_start_tls() const override { return inner_->can_start_tls(); }
  bool is_secure() const override { return inner_->is_secure(); }
  std::string peer_address() const override { return inner_->peer_address(); }
  bool peer_is_loopback() const override { return inner_->peer_is_loopback(); }
  std::string tls_version() const override { return inner_->tls_version(); }
  std::string tls_cipher() const override { return inner_->tls_cipher(); }
  void close() override { inner_->close(); }

 private:
  std::unique_ptr<Stream> inner_;
  TrafficTally& tally_;
};

class MeteredDirectory final : public ports::Directory {
 public:
  MeteredDirectory(ports::Directory& inner, TrafficMeter& meter, TrafficTally& tally, TrafficProtocol counted)
      : inner_(inner), meter_(meter), tally_(tally), counted_(counted) {}

  Task<Result<ports::Target>> resolve(std::string address) override {
    return inner_.resolve(std::move(address));
  }
  Task<Result<bool>> is_local_domain(std::string domain) override {
    return inner_.is_local_domain(std::move(domain));
  }
  Task<Result<ports::Account>> authenticate(std::string login, std::string password, std::string peer_address,
                                            ports::Protocol protocol) override {
    auto account =
        co_await inner_.authenticate(login, std::move(password), std::move(peer_address), protocol);
    if (account) tally_.logged_in(account->id, account->login);
    if (!account && account.error().code == Errc::denied)
      co_await count_refused(meter_, inner_, std::move(login), counted_);
    co_return account;
  }
  Task<Result<bool>> may_send_as(UserId user, std::string address) override {
    return inner_.may_send_as(user, std::move(address));
  }

 private:
  ports::Directory& inner_;
  TrafficMeter& meter_;
  TrafficTally& tally_;
  const TrafficProtocol counted_;
};

}  // namespace

Task<void> count_refused(TrafficMeter& meter, ports::Directory& directory, std::string login,
                         TrafficProtocol protocol) {
  TrafficSubject subject{{}, {}, protocol};
  const auto target = co_await directory.resolve(login);
  if (target) {
    // Who gets what is nobody else's was not meant.
    const auto own = co_await directory.may_send_as(target->id, std::move(login));
    if (own && *own) subject = TrafficSubject::of(target->id, target->address, protocol);
  }
  meter.add(subject, {.refused_log_ins = 1});
}

Task<void> serve_metered(std::unique_ptr<Stream> stream, TrafficMeter& meter, Clock& clock,
                         TrafficProtocol protocol, ports::Directory& directory, MeteredServe serve) {
  TrafficTally tally(meter, clock, protocol);
  MeteredDirectory metered(directory, meter, tally, protocol);
  std::unique_ptr<Stream> counted = std::make_unique<MeteredStream>(std::move(stream), tally);
  co_await serve(std::move(counted), metered);
}

}  // namespace gridmail
