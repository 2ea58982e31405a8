// What mail programs ask to set themselves up. No log-in: they know nothing but an address yet, and are told
// nothing but where the domain's mail is.
#pragma once
#include "node/api/router.hpp"

namespace gridmail::api {

/// Thunderbird; the address, or at least the domain, is in the query or in the name that was asked for.
Task<Response> autoconfig(GridControl& grid, Request request, Parameters parameters);
/// Outlook.
Task<Response> autodiscover(GridControl& grid, Request request, Parameters parameters);
/// Outlook's second version: where the first one is.
Task<Response> autodiscover_v2(GridControl& grid, Request request, Parameters parameters);
/// macOS and iOS.
Task<Response> mobileconfig(GridControl& grid, Request request, Parameters parameters);

}  // namespace gridmail::api
