#include "node/cli/certificate_verbs.hpp"

#include <fmt/format.h>

#include "node/cli/outcome.hpp"
#include "node/cli/secret.hpp"

namespace gridmail::cli {

Result<Outcome> certificate_set(const ApiClient& api, const Arguments& arguments) {
  const auto chain = read_file(arguments.at("certificate"));
  if (!chain) return tl::unexpected(chain.error());
  const auto key = read_file(arguments.at("key"));
  if (!key) return tl::unexpected(key.error());
  return acted(api.put("/certificates", {{"certificate", *chain}, {"key", *key}}),
               "all nodes show it from now on");
}

Result<Outcome> certificate_list(const ApiClient& api, const Arguments&) {
  return list(api, "/certificates", {"name", "names", "issuer", "not_after", "fingerprint"});
}

Result<Outcome> certificate_remove(const ApiClient& api, const Arguments& arguments) {
  const auto& name = arguments.at("name");
  return acted(api.remove(below("certificates", name)), fmt::format("removed {}", name));
}

}  // namespace gridmail::cli
