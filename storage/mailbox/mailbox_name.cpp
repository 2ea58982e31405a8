#include "storage/mailbox/mailbox_name.hpp"

#include <algorithm>

namespace gridmail {
namespace {

bool is_inbox(std::string_view level) {
  return std::equal(level.begin(), level.end(), inbox.begin(), inbox.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

Result<std::string> canonical_mailbox_name(std::string_view name) {
  if (name.empty()) return fail(Errc::invalid, "mailbox name is empty");
  if (name.size() > mailbox_name_bytes_max) return fail(Errc::invalid, "mailbox name is too long");
  if (name.front() == '/' || name.back() == '/' || name.find("//") != std::string_view::npos) {
    return fail(Errc::invalid, "mailbox name has an empty level");
  }
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return fail(Errc::invalid, "mailbox name has a control character");
  }
  if (static_cast<std::size_t>(std::count(name.begin(), name.end(), '/')) >= mailbox_depth_max) {
    return fail(Errc::invalid, "mailbox name has too many levels");
  }
  std::string canonical(name);
  const auto first = name.substr(0, name.find('/'));
  if (is_inbox(first)) canonical.replace(0, inbox.size(), inbox);
  return canonical;
}

std::optional<std::string> parent_of(std::string_view name) {
  const auto cut = name.rfind('/');
  if (cut == std::string_view::npos) return std::nullopt;
  return std::string(name.substr(0, cut));
}

std::vector<std::string> parents_of(std::string_view name) {
  std::vector<std::string> parents;
  for (auto cut = name.find('/'); cut != std::string_view::npos; cut = name.find('/', cut + 1)) {
    parents.emplace_back(name.substr(0, cut));
  }
  return parents;
}

bool is_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() && name.substr(0, parent.size()) == parent && name[parent.size()] == '/';
}

}  // namespace gridmail
