// The status page: node/dashboard/status.html, compiled in by node/CMakeLists.txt.
#pragma once
#include <string_view>

namespace gridmail::api {

extern const std::string_view status_page_html;

}  // namespace gridmail::api
