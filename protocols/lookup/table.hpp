// What other mail systems ask a node about addresses: a Postfix in front of the grid, say, that wants to
// refuse unknown recipients itself.
#pragma once
#include <string>
#include <string_view>

#include "protocols/ports/directory.hpp"

namespace gridmail::lookup {

struct Answer {
  enum class Kind : std::uint8_t {
    found,      ///< `text` is the value: the domain, or the address that the key leads to
    not_found,  ///< for certain
    temporary,  ///< `text` says why; to be asked again
    permanent,  ///< `text` says what is wrong with the question
  } kind;
  std::string text{};
};

/// The maps "domains" (those of the grid) and "recipients" (addresses that the grid takes mail for). A key
/// that is no domain or address is not found: Postfix also asks for "user", "@domain" and ".parent".
[[nodiscard]] Task<Answer> look_up(ports::Directory& directory, std::string_view map, std::string key);
/// As look_up, in the map that fits the key: "recipients" for one with an "@".
[[nodiscard]] Task<Answer> look_up(ports::Directory& directory, std::string key);

}  // namespace gridmail::lookup
