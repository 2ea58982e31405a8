#include "node/services/clients/client_host.hpp"

#include <algorithm>
#include <array>

namespace gridmail {
namespace {

bool is_for_mail(std::string_view name) {
  constexpr std::array<std::string_view, 5> others = {"*.", "autoconfig.", "autodiscover.", "mta-sts.",
                                                      "www."};
  return std::none_of(others.begin(), others.end(), [&](auto prefix) { return name.starts_with(prefix); });
}

bool is_below(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() + 1 && name.ends_with(domain) &&
         name[name.size() - domain.size() - 1] == '.';
}

}  // namespace

std::optional<std::string> client_host(const std::vector<std::vector<std::string>>& certificates,
                                       std::string_view domain) {
  std::optional<std::string> itself, any;
  for (const auto& names : certificates) {
    for (const auto& name : names) {
      if (!is_for_mail(name)) continue;
      if (is_below(name, domain)) return name;
      if (name == domain) itself = name;
      if (!any) any = name;
    }
  }
  if (itself) return itself;
  return certificates.size() == 1 ? any : std::nullopt;
}

}  // namespace gridmail
