// What has to be done so that a grid has the configuration of a file: steps in an order that works. Pure.
#pragma once
#include <string>
#include <vector>

#include "node/cli/config_file.hpp"

namespace gridmail::cli {

/// A request of the API.
struct ConfigStep {
  std::string method;
  std::string target;  ///< below /api/v1
  Json body;
  std::string text;      ///< one line that begins with +, - or ~
  bool removes = false;  ///< takes something away: for --prune only
};

/// `have` is the whole configuration of the grid, `wanted` what a file has (config_file.hpp), its names in
/// any form. Errors: invalid (a name that is none, or is there twice); conflict (a domain that would have to
/// become another name of one, or none).
[[nodiscard]] Result<std::vector<ConfigStep>> config_difference(const Json& have, const Json& wanted);

/// The lines of all steps.
[[nodiscard]] std::string text_of(const std::vector<ConfigStep>& steps);

}  // namespace gridmail::cli
