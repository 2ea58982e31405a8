// One handler per route; what they take and give is written beside each route (routes.cpp).
#pragma once
#include "node/api/router.hpp"

namespace gridmail::api {

// health_handlers.cpp: probes and metrics. No log-in.
Task<Response> live(GridControl& grid, Request request, Parameters parameters);
Task<Response> started(GridControl& grid, Request request, Parameters parameters);
Task<Response> ready(GridControl& grid, Request request, Parameters parameters);
Task<Response> metrics(GridControl& grid, Request request, Parameters parameters);

// lookup_handlers.cpp. The first one is for balancers, without log-in.
Task<Response> nginx_auth(GridControl& grid, Request request, Parameters parameters);
Task<Response> look_up(GridControl& grid, Request request, Parameters parameters);

// dashboard_handlers.cpp. No log-in: the page asks for it.
Task<Response> dashboard(GridControl& grid, Request request, Parameters parameters);
Task<Response> dashboard_file(GridControl& grid, Request request, Parameters parameters);

// grid_handlers.cpp
Task<Response> grid_status(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_nodes(GridControl& grid, Request request, Parameters parameters);

// figure_handlers.cpp
Task<Response> show_figures(GridControl& grid, Request request, Parameters parameters);
Task<Response> watch(GridControl& grid, Request request, Parameters parameters);

// movement_handlers.cpp
Task<Response> drain_node(GridControl& grid, Request request, Parameters parameters);
Task<Response> undrain_node(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_node(GridControl& grid, Request request, Parameters parameters);
Task<Response> replace_node(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_node_weight(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_node_zone(GridControl& grid, Request request, Parameters parameters);
Task<Response> maintain_node(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_settings(GridControl& grid, Request request, Parameters parameters);
Task<Response> change_settings(GridControl& grid, Request request, Parameters parameters);
Task<Response> begin_scrub(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_jobs(GridControl& grid, Request request, Parameters parameters);
Task<Response> pause_job(GridControl& grid, Request request, Parameters parameters);
Task<Response> resume_job(GridControl& grid, Request request, Parameters parameters);

// grid_handlers.cpp
Task<Response> make_join_token(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_map(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_slots(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_keys(GridControl& grid, Request request, Parameters parameters);
Task<Response> rotate_key(GridControl& grid, Request request, Parameters parameters);
Task<Response> openapi(GridControl& grid, Request request, Parameters parameters);

// access_handlers.cpp
Task<Response> list_audit(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_role(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_join_tokens(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_join_token(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_tokens(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_token(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_token(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_app_passwords(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_app_password(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_app_password(GridControl& grid, Request request, Parameters parameters);

// session_handlers.cpp: log-in from a browser. The first one is open: it asks itself.
Task<Response> begin_session(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_session(GridControl& grid, Request request, Parameters parameters);
Task<Response> end_session(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_sessions(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_session(GridControl& grid, Request request, Parameters parameters);

// config_handlers.cpp
Task<Response> list_user_settings(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_config_versions(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_config_version(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_config_version(GridControl& grid, Request request, Parameters parameters);

// statistics_handlers.cpp
Task<Response> show_statistics(GridControl& grid, Request request, Parameters parameters);

// certificate_handlers.cpp
Task<Response> list_certificates(GridControl& grid, Request request, Parameters parameters);
Task<Response> put_certificate(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_certificate(GridControl& grid, Request request, Parameters parameters);

// directory_handlers.cpp
Task<Response> list_users(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_user(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_users(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_user(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_password(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_user(GridControl& grid, Request request, Parameters parameters);
Task<Response> locate_user(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_domains(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_domain(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_domain(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_domain(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_aliases(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_alias(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_alias(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_alias(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_alias(GridControl& grid, Request request, Parameters parameters);

// domain_handlers.cpp
Task<Response> list_dkim_keys(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_dkim_key(GridControl& grid, Request request, Parameters parameters);
Task<Response> activate_dkim_key(GridControl& grid, Request request, Parameters parameters);
Task<Response> retire_dkim_key(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_dkim_key(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_dns(GridControl& grid, Request request, Parameters parameters);

// recipient_handlers.cpp
Task<Response> set_catch_all(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_catch_all(GridControl& grid, Request request, Parameters parameters);
Task<Response> list_lists(GridControl& grid, Request request, Parameters parameters);
Task<Response> add_list(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_list(GridControl& grid, Request request, Parameters parameters);
Task<Response> change_list(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_list(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_forwarding(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_forwarding(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_delegates(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_delegates(GridControl& grid, Request request, Parameters parameters);

// queue_handlers.cpp
Task<Response> list_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> retry_queued(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_queued(GridControl& grid, Request request, Parameters parameters);
Task<Response> hold_queued(GridControl& grid, Request request, Parameters parameters);
Task<Response> release_queued(GridControl& grid, Request request, Parameters parameters);
Task<Response> flush_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> hold_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> release_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> empty_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> trace(GridControl& grid, Request request, Parameters parameters);

// overview_handlers.cpp
Task<Response> summarize_queue(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_chronicle(GridControl& grid, Request request, Parameters parameters);

// route_handlers.cpp
Task<Response> list_routes(GridControl& grid, Request request, Parameters parameters);
Task<Response> show_route(GridControl& grid, Request request, Parameters parameters);
Task<Response> set_route(GridControl& grid, Request request, Parameters parameters);
Task<Response> remove_route(GridControl& grid, Request request, Parameters parameters);

}  // namespace gridmail::api
