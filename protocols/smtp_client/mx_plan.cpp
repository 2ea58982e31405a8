#include "protocols/smtp_client/mx_plan.hpp"

#include <algorithm>

#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {

Result<std::vector<std::string>> order_exchangers(std::vector<ports::Exchanger> exchangers,
                                                  const std::string& own_name, Random& random) {
  // RFC 7505, section 3: a single record with the root as its host. Beside others it names no host.
  const auto is_null = [](const ports::Exchanger& one) { return one.host.empty(); };
  if (exchangers.size() == 1 && is_null(exchangers.front()))
    return fail(Errc::invalid, "the domain takes no mail (null MX)");
  std::erase_if(exchangers, is_null);
  const auto own = std::find_if(exchangers.begin(), exchangers.end(), [&](const ports::Exchanger& one) {
    return text::equal_ignoring_case(one.host, own_name);
  });
  const bool had_any = !exchangers.empty();
  if (own != exchangers.end()) {
    const auto limit = own->preference;
    std::erase_if(exchangers, [limit](const auto& one) { return one.preference >= limit; });
  }
  if (had_any && exchangers.empty())
    return fail(Errc::unsupported, "the domain's mail is to come here, and is not served here");
  for (std::size_t i = exchangers.size(); i > 1; --i)
    std::swap(exchangers[i - 1], exchangers[random.below(i)]);
  std::stable_sort(exchangers.begin(), exchangers.end(),
                   [](const auto& a, const auto& b) { return a.preference < b.preference; });
  std::vector<std::string> hosts;
  for (auto& one : exchangers) {
    auto host = text::to_lower(one.host);
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(std::move(host));
  }
  return hosts;
}

}  // namespace gridmail::smtp
