// What the map's states are called, for people and programs. Pure.
#pragma once
#include <string_view>

#include "gossip/register/map.hpp"

namespace gridmail {

[[nodiscard]] constexpr std::string_view name_of(MemberState state) {
  switch (state) {
    case MemberState::active:
      return "active";
    case MemberState::draining:
      return "draining";
    case MemberState::leaving:
      return "leaving";
  }
  return "active";
}

[[nodiscard]] constexpr std::string_view name_of(KeyPhase phase) {
  switch (phase) {
    case KeyPhase::settled:
      return "settled";
    case KeyPhase::installing:
      return "installing";
    case KeyPhase::replacing:
      return "replacing";
  }
  return "settled";
}

}  // namespace gridmail
