#include "protocols/imap/special_use.hpp"

#include <utility>

#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

using ports::SpecialUse;

constexpr std::pair<SpecialUse, std::string_view> attributes[] = {
    {SpecialUse::drafts, "\\Drafts"},  {SpecialUse::sent, "\\Sent"},   {SpecialUse::archive, "\\Archive"},
    {SpecialUse::junk, "\\Junk"},      {SpecialUse::trash, "\\Trash"}, {SpecialUse::all, "\\All"},
    {SpecialUse::flagged, "\\Flagged"}};

}  // namespace

std::string_view attribute_of(SpecialUse use) {
  for (const auto& [known, attribute] : attributes) {
    if (known == use) return attribute;
  }
  return {};
}

std::optional<SpecialUse> special_use_named(std::string_view name) {
  for (const auto& [use, attribute] : attributes) {
    if (text::equal_ignoring_case(attribute.substr(1), name)) return use;
  }
  return std::nullopt;
}

}  // namespace gridmail::imap
