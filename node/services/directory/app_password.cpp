#include "node/services/directory/app_password.hpp"

#include <array>

#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

/// Five bits each; none of them looks like another.
constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(alphabet.size() == 32);
constexpr std::size_t password_characters = 20;
constexpr std::size_t group_characters = 5;

}  // namespace

std::string draw_app_password(Random& random) {
  std::array<std::uint8_t, password_characters> drawn{};
  random.fill(drawn.data(), drawn.size());
  std::string password;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (i != 0 && i % group_characters == 0) password += '-';
    password += alphabet[drawn[i] % alphabet.size()];
  }
  return password;
}

Bytes hash_of_app_password(std::string_view password) {
  std::string bare;
  for (const char c : password) {
    if (c != ' ' && c != '-') bare += text::lower(c);
  }
  return blake2b(bare, 32, "gridmail app password");
}

}  // namespace gridmail
