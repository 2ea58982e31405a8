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

std::optional<std::string> best_of(const std::vector<std::string>& names) {
  for (const std::string_view prefix : {"mail.", "imap.", ""}) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return is_for_mail(name) && name.starts_with(prefix);
    });
    if (found != names.end()) return *found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> client_host(const std::vector<std::vector<std::string>>& certificates,
                                       std::string_view domain, std::string_view own_host) {
  std::vector<std::string> all;
  for (const auto& names : certificates) all.insert(all.end(), names.begin(), names.end());
  const auto has = [&all](const std::string& name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  const std::string name(domain), own(own_host);
  if (has("mail." + name)) return "mail." + name;
  if (has("imap." + name)) return "imap." + name;
  const auto within = std::find_if(all.begin(), all.end(), [&](const std::string& each) {
    return is_for_mail(each) && is_below(each, domain);
  });
  if (within != all.end()) return *within;
  if (has("*." + name)) return "mail." + name;
  if (has(name)) return name;
  if (certificates.size() == 1) {
    if (auto best = best_of(certificates.front())) return best;
  }
  const auto dot = own.find('.');
  if (dot != std::string::npos && (has(own) || has("*" + own.substr(dot)))) return own;
  return std::nullopt;
}

}  // namespace gridmail
