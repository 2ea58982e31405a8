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
  MeteredDirectory(ports::Directory& inner, TrafficTally& tally) : inner_(inner), tally_(tally) {}

  Task<Result<ports::Target>> resolve(std::string address) override {
    return inner_.resolve(std::move(address));
  }
  Task<Result<bool>> is_local_domain(std::string domain) override {
    return inner_.is_local_domain(std::move(domain));
  }
  Task<Result<ports::Account>> authenticate(std::string login, std::string password, std::string peer_address,
                                            ports::Protocol protocol) override {
    auto account = co_await inner_.authenticate(std::move(login), std::move(password),
                                                std::move(peer_address), protocol);
    if (account) tally_.logged_in(account->id, account->login);
    if (!account && account.error().code == Errc::denied) tally_.refused();
    co_return account;
  }
  Task<Result<bool>> may_send_as(UserId user, std::string address) override {
    return inner_.may_send_as(user, std::move(address));
  }

 private:
  ports::Directory& inner_;
  TrafficTally& tally_;
};

}  // namespace

Task<void> serve_metered(std::unique_ptr<Stream> stream, TrafficMeter& meter, Clock& clock,
                         TrafficProtocol protocol, ports::Directory& directory, MeteredServe serve) {
  TrafficTally tally(meter, clock, protocol);
  MeteredDirectory metered(directory, tally);
  std::unique_ptr<Stream> counted = std::make_unique<MeteredStream>(std::move(stream), tally);
  co_await serve(std::move(counted), metered);
}

}  // namespace gridmail
