// The dashboard's files: node/dashboard/*, compiled in by node/CMakeLists.txt.
#pragma once
#include <span>
#include <string_view>

namespace gridmail::api {

struct DashboardFile {
  std::string_view name;  ///< in node/dashboard; index.html is the page itself
  std::string_view content_type;
  std::string_view bytes;
  std::string_view packed;  ///< by gzip
};

[[nodiscard]] std::span<const DashboardFile> dashboard_files();

}  // namespace gridmail::api
