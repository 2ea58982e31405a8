#include "node/services/directory/crypt_scheme.hpp"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "node/base/bytes.hpp"

namespace gridmail {
namespace {

constexpr std::string_view scheme = "{CRYPT}";
constexpr std::array kinds = {std::string_view("$1$"),  std::string_view("$2a$"), std::string_view("$2b$"),
                              std::string_view("$2y$"), std::string_view("$5$"),  std::string_view("$6$"),
                              std::string_view("$7$"),  std::string_view("$y$")};
/// A hash must not keep a worker for minutes.
constexpr unsigned bcrypt_cost_max = 14;
constexpr unsigned sha2_rounds_max = 1'000'000;

unsigned number_at(std::string_view text) {
  unsigned number = 0;
  const auto outcome = std::from_chars(text.data(), text.data() + text.size(), number);
  return outcome.ec == std::errc{} ? number : ~0U;
}

bool is_affordable(std::string_view hash) {
  if (hash.starts_with("$2")) return number_at(hash.substr(4)) <= bcrypt_cost_max;
  constexpr std::string_view rounds = "rounds=";
  const auto options = hash.substr(hash.find('$', 1) + 1);
  return !options.starts_with(rounds) || number_at(options.substr(rounds.size())) <= sha2_rounds_max;
}

}  // namespace

bool is_crypt_hash(std::string_view text) {
  if (!text.starts_with(scheme) || text.size() >= scheme.size() + CRYPT_OUTPUT_SIZE) return false;
  const auto hash = text.substr(scheme.size());
  const bool known =
      std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) { return hash.starts_with(kind); });
  const bool printable = std::all_of(hash.begin(), hash.end(), [](char c) { return c > 32 && c < 127; });
  // "$kind$salt$hash" at least, or "$kind$cost$salt-and-hash"
  return known && printable && std::count(hash.begin(), hash.end(), '$') >= 3 && is_affordable(hash);
}

bool fits_crypt_hash(const std::string& hash, const std::string& password) {
  if (!is_crypt_hash(hash) || password.find('\0') != std::string::npos) return false;
  const std::string wanted = hash.substr(scheme.size());
  const auto memory = std::make_unique<crypt_data>();  // 32 KiB: too much for a stack
  const char* const made = ::crypt_r(password.c_str(), wanted.c_str(), memory.get());
  return made != nullptr && made[0] != '*' && equal_in_constant_time(made, wanted);
}

}  // namespace gridmail
