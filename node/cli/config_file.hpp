// The grid's configuration as a file: TOML for people, JSON for programs. Pure.
//
// {"settings": {…}, "domains": {name: {"alias_of", "catch_all"}}, "aliases": {address: target},
//  "lists": {address: [members]}, "routes": {domain: {"via", "tls"}},
//  "users": {address: {"forward_to": […], "forward_only", "delegates": […]}}}
// What a file leaves out is not asked for: of settings and of what a route has each, of the rest each section
// as a whole. Of a section that it has, what it leaves out goes with --prune.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail::cli {

using Json = nlohmann::ordered_json;

/// Errors: invalid, with the place in `source` and what should be there.
[[nodiscard]] Result<Json> parse_config_file(std::string_view text, const std::string& source);
/// What parse_config_file() reads.
[[nodiscard]] std::string config_file_text(const Json& config);

}  // namespace gridmail::cli
