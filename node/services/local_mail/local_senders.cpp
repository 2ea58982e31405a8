#include "node/services/local_mail/local_senders.hpp"

#include "protocols/text/normalization.hpp"

namespace gridmail {
namespace {

std::string_view domain_of(const std::string& address) {
  const auto at = address.rfind('@');
  return at == std::string::npos ? std::string_view() : std::string_view(address).substr(at + 1);
}

}  // namespace

Task<Result<ports::Target>> LocalSenders::resolve(std::string address) {
  const auto canonical = text::canonical_address(address);
  const auto own_name = text::canonical_address("x@" + hostname_);
  const bool is_here = canonical && own_name && domain_of(*canonical) == domain_of(*own_name);
  auto target = co_await directory_.resolve(std::move(address));
  const bool is_relay = !target && target.error().code == Errc::not_found && target.error().text == "relay";
  if (is_relay && is_here) target = co_await directory_.resolve("postmaster");
  co_return target;
}

Task<Result<bool>> LocalSenders::is_local_domain(std::string domain) {
  return directory_.is_local_domain(std::move(domain));
}

Task<Result<ports::Account>> LocalSenders::authenticate(std::string, std::string, std::string,
                                                        ports::Protocol) {
  co_return fail(Errc::denied, "the socket says who it is");
}

Task<Result<bool>> LocalSenders::may_send_as(UserId, std::string address) {
  if (trusted_) co_return true;
  const auto canonical = text::canonical_address(address);
  co_return canonical&& canonical == text::canonical_address(user_ + "@" + hostname_);
}

}  // namespace gridmail
