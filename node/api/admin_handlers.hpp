// The handlers about administrators; what they take and give is written beside each route (routes.cpp).
#pragma once
#include "node/api/router.hpp"

namespace gridmail::api {

Task<Response> list_admins(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_admin(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_admin_password(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_admin(GridControl& grid, Request request, Parameters parameters);

}  // namespace gridmail::api
