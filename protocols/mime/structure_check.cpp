#include "protocols/mime/structure_check.hpp"

namespace gridmail::mime {
namespace {

/// Header and body of `part` lie within `bounds`; sums that overflow are caught by going step by step.
bool lies_within(const Part& part, ByteRange bounds) {
  if (part.header_start < bounds.offset || part.header_start > bounds.end()) return false;
  if (part.header_length > bounds.end() - part.header_start) return false;
  return part.body_length <= bounds.end() - part.body_start();
}

bool children_fit_kind(const Part& part) {
  switch (part.kind) {
    case Kind::leaf:
      return part.children.empty() && !part.message;
    case Kind::multipart:
      return !part.children.empty() && !part.message;
    case Kind::message:
      return part.children.size() == 1 && part.message;
  }
  return false;
}

bool children_lie_in_order(const Structure& structure, const Part& part, PartIndex index) {
  ByteRange left = part.body();
  PartIndex before = index;
  for (const auto child_index : part.children) {
    if (child_index <= before || child_index >= structure.parts.size()) return false;
    const auto& child = structure.parts[child_index];
    if (child.parent != index || !lies_within(child, left)) return false;
    const auto end = child.body().end();
    left = {end, left.end() - end};
    before = child_index;
  }
  return true;
}

/// Within the years 1 to 9999, in any zone: what the calendar of protocols/text can show.
bool is_shown_date(text::DateTime date) {
  constexpr std::int64_t day = 86'400;
  constexpr std::int64_t year_1 = -62'135'596'800;
  constexpr std::int64_t year_10000 = 253'402'300'800;
  return date.utc_seconds > year_1 - day && date.utc_seconds < year_10000 + day &&
         date.zone_minutes > -1440 && date.zone_minutes < 1440;
}

}  // namespace

std::string_view broken_invariant(const Structure& structure) {
  const auto& parts = structure.parts;
  const auto& messages = structure.messages;
  if (parts.empty() || messages.empty()) return "empty";
  if (parts.front().parent != 0 || messages.front().root != 0) return "the root is not first";
  if (!lies_within(parts.front(), {0, structure.size})) return "the root is larger than the message";

  for (const auto& message : messages) {
    if (message.sent && !is_shown_date(*message.sent)) return "a date is out of range";
  }

  std::size_t embedded = 0;
  std::size_t children = 0;
  for (PartIndex i = 0; i < parts.size(); ++i) {
    if (!children_fit_kind(parts[i])) return "children do not fit the kind";
    if (!children_lie_in_order(structure, parts[i], i)) return "children are out of bounds or order";
    children += parts[i].children.size();
    if (!parts[i].message) continue;
    ++embedded;
    // They were begun in the order of their parts.
    if (*parts[i].message != embedded || embedded >= messages.size()) return "an embedded message is missing";
    if (messages[embedded].root != parts[i].children.front()) return "an embedded message has another root";
  }
  if (children + 1 != parts.size()) return "a part has no parent";
  if (embedded + 1 != messages.size()) return "an embedded message has no part";
  return {};
}

}  // namespace gridmail::mime
