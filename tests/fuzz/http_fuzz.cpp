// HTTP requests under arbitrary bytes in arbitrary pieces, the CLI's replies, and the configuration. Beside
// memory errors this finds any input for which the outcome depends on how the bytes were split.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "node/api/body.hpp"
#include "node/api/credentials.hpp"
#include "node/api/request_parser.hpp"
#include "node/base/percent.hpp"
#include "node/base/result.hpp"
#include "node/cli/http_client.hpp"
#include "node/config.hpp"

namespace {

using namespace gridmail;

/// Everything the parser makes of the bytes, as text.
std::string requests_in(std::string_view bytes, std::size_t piece) {
  api::RequestParser parser;
  std::string seen;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    parser.feed(part);
    for (;;) {
      const auto next = parser.next();
      if (!next) return seen + "!" + std::string(name_of(next.error().code));
      if (!*next) break;
      const auto& request = (*next)->request;
      seen += request.path + "?" + request.query + "\n" + request.authorization + "\n" + request.body + "\n";
      static_cast<void>(api::parse_authorization(request.authorization));
      static_cast<void>(percent_decode(request.path));
      static_cast<void>(api::Body::parse(request.body, {"address", "password"}));
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.size() < 2) return 0;
  const auto rest = bytes.substr(2);
  switch (bytes[0] & 3) {
    case 0: {
      const std::size_t piece = static_cast<unsigned char>(bytes[1]) + 1u;
      GRIDMAIL_ASSERT(requests_in(rest, rest.size()) == requests_in(rest, piece));
      break;
    }
    case 1:
      static_cast<void>(cli::parse_http_reply(rest));
      break;
    case 2:
      static_cast<void>(parse_config(rest, "fuzz"));
      break;
    default:
      static_cast<void>(cli::Url::parse(rest));
      break;
  }
  return 0;
}
