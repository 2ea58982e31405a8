#include "node/cli/user_file.hpp"

#include <fmt/format.h>

namespace gridmail::cli {
namespace {

constexpr std::string_view hash_scheme = "{CRYPT}";

/// Nothing when it is not "address:secret". An address has no colon outside quotes, and none has quotes here.
std::optional<ListedUser> parse_user(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size()) return std::nullopt;
  ListedUser user{std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)), false};
  user.is_hash = user.secret.starts_with(hash_scheme);
  return user;
}

}  // namespace

Result<std::vector<ListedUser>> parse_user_file(std::string_view text) {
  std::vector<ListedUser> users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    auto user = parse_user(line);
    // The line itself holds a password and is not repeated.
    if (!user) return fail(Errc::invalid, fmt::format("line {}: must be address:password", number));
    users.push_back(std::move(*user));
  }
  return users;
}

}  // namespace gridmail::cli
