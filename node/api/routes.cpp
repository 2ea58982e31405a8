// Every route of the API. Bodies and answers are JSON unless said otherwise; errors are RFC 9457 problem
// documents.
#include "node/api/admin_handlers.hpp"
#include "node/api/client_setup_handlers.hpp"
#include "node/api/handlers.hpp"

namespace gridmail::api {
namespace {

constexpr auto get = Method::get, post = Method::post, put = Method::put, del = Method::delete_;
constexpr auto open = Access::open, anyone = Access::anyone, viewer = Access::viewer,
               operate = Access::operator_, admin = Access::admin, self_or_viewer = Access::self_or_viewer,
               self_or_admin = Access::self_or_admin;
constexpr auto by_pages = Answer::pages, secret = Answer::secret;

constexpr Route table[] = {
    {get, "/livez", open, live, "Whether the process runs. Plain text."},
    {get, "/startupz", open, started, "Whether start-up is over. Plain text."},
    {get, "/readyz", open, ready,
     "Whether a canary write and read just worked; ?verbose names each check. Plain text."},
    {get, "/metrics", open, metrics, "Prometheus text format 0.0.4."},
    {get, "/nginx-auth", open, nginx_auth,
     "For nginx's mail proxy, from networks under [proxy] only: verifies a log-in, and names the best node."},
    {get, "/mail/config-v1.1.xml", open, autoconfig,
     "For mail programs: Thunderbird's autoconfig, by ?emailaddress= or the name asked for. XML."},
    {get, "/.well-known/autoconfig/mail/config-v1.1.xml", open, autoconfig, "The same, below the domain."},
    {post, "/autodiscover/autodiscover.xml", open, autodiscover, "The same for Outlook. XML."},
    {post, "/Autodiscover/Autodiscover.xml", open, autodiscover, "The same, as some versions write it."},
    {get, "/autodiscover/autodiscover.json", open, autodiscover_v2,
     "Where the former is: ?Protocol=AutodiscoverV1&Email=."},
    {get, "/mail.mobileconfig", open, mobileconfig,
     "For macOS and iOS: a configuration profile for ?email=. A property list."},
    {get, "/", open, dashboard, "The dashboard. HTML."},
    {get, "/dashboard/{file}", open, dashboard_file, "What the dashboard consists of."},

    {get, "/api/v1/status", viewer, grid_status, "Verdict, reasons, map version and nodes."},
    {get, "/api/v1/figures", viewer, show_figures,
     "What all nodes did in the last hour in spans of 10 s, or with ?window=day in the last day by minutes."},
    {get, "/api/v1/statistics", viewer, show_statistics,
     "Log-ins and traffic by day and protocol: ?by=user, domain or protocol; ?from and ?to, dates. JSON, or "
     "CSV for Accept: text/csv. Silent-Nodes: whose part is missing.",
     by_pages},
    {get, "/api/v1/events", viewer, watch,
     "Status and figures as they change, as server-sent events; ends after ten minutes."},
    {get, "/api/v1/nodes", viewer, list_nodes, "All nodes.", by_pages},
    {post, "/api/v1/nodes/{node}/drain", operate, drain_node, "Moves the node's primaries to other nodes."},
    {post, "/api/v1/nodes/{node}/undrain", operate, undrain_node, "Ends draining, leaving and maintenance."},
    {del, "/api/v1/nodes/{node}", admin, remove_node, "Moves the node's copies away, then removes it."},
    {post, "/api/v1/nodes/{node}/replace", admin, replace_node,
     "The same, with another node in its place: {\"with\"}."},
    {put, "/api/v1/nodes/{node}/weight", admin, set_node_weight,
     "Its share of slots: {\"weight\": 100}; 0 stores none and votes."},
    {put, "/api/v1/nodes/{node}/zone", admin, set_node_zone, "Where it stands: {\"zone\"}."},
    {post, "/api/v1/nodes/{node}/maintenance", operate, maintain_node,
     "Gives its primaries away and is not rebuilt while away: {\"seconds\": 600}; 0 ends it."},
    {get, "/api/v1/settings", viewer, show_settings, "Grid-wide settings."},
    {put, "/api/v1/settings", admin, change_settings,
     "Changes those given: {\"copies\": 2, \"copies_min\": 2, \"postmaster\": \"a user's address\", "
     "\"scrub_days\": 30, \"limits\": \"messages-per-user=500/1h failed-log-ins-per-address=20/10m\"}."},
    {get, "/api/v1/user-settings", viewer, list_user_settings,
     "Forwarding and delegates of the users who have any.", by_pages},
    {get, "/api/v1/config-versions", viewer, list_config_versions,
     "What was applied from files: when, by whom, how many changes; the last hundred.", by_pages},
    {get, "/api/v1/config-versions/{id}", viewer, show_config_version, "One, with the difference it made."},
    {post, "/api/v1/config-versions", admin, add_config_version,
     "Notes that changes were made together: {\"diff\": lines that begin with +, - or ~}."},
    {post, "/api/v1/scrub", operate, begin_scrub,
     "Compares all slots whose primary this node is with their other copies, now."},
    {get, "/api/v1/jobs", viewer, list_jobs, "What moves: progress and estimate of each job.", by_pages},
    {post, "/api/v1/jobs/{id}/pause", operate, pause_job, "Holds a job."},
    {post, "/api/v1/jobs/{id}/resume", operate, resume_job, "Lets it go on."},
    {post, "/api/v1/join-tokens", admin, make_join_token, "A single-use token: {\"ttl_seconds\": 3600}.",
     secret},
    {get, "/api/v1/map", viewer, show_map, "The map in short: slots name nodes by their place in \"nodes\"."},
    {get, "/api/v1/slots", viewer, list_slots, "Who holds each slot; the directory is the last row.",
     by_pages},
    {get, "/api/v1/keys", viewer, show_keys, "How far a rotation of the gossip keys is, node by node."},
    {post, "/api/v1/keys/rotate", admin, rotate_key, "Begins to replace the gossip key everywhere."},
    {get, "/api/v1/certificates", viewer, list_certificates,
     "What mail clients are shown, by name; never a key.", by_pages},
    {put, "/api/v1/certificates", admin, put_certificate,
     "Adds or replaces the one of that name on all nodes: {\"certificate\": PEM with its chain, \"key\": "
     "PEM}."},
    {del, "/api/v1/certificates/{name}", admin, remove_certificate, "Shows it no more."},
    {get, "/api/v1/session", anyone, show_session,
     "Who asks, by which role, and what that may change; of a session its CSRF token."},
    {post, "/api/v1/session", open, begin_session,
     "For browsers: {\"user\", \"password\"} gives a cookie, which lasts twelve hours, and the \"csrf\" that "
     "changes made with it carry in X-CSRF-Token."},
    {del, "/api/v1/session", anyone, end_session, "Ends it."},
    {get, "/api/v1/tokens", admin, list_tokens, "Tokens of programs, by name; never the tokens."},
    {post, "/api/v1/tokens", admin, add_token,
     "Makes one, which is shown this once: {\"name\", \"role\", \"expires_seconds\"}; without the last it "
     "does "
     "not expire.",
     secret},
    {del, "/api/v1/tokens/{name}", admin, remove_token, "Ends one."},
    {get, "/api/v1/admins", admin, list_admins, "Administrators: the accounts that are no users."},
    {post, "/api/v1/admins", admin, add_admin, "Adds one: {\"name\", \"password\"}."},
    {put, "/api/v1/admins/{name}/password", admin, set_admin_password,
     "Sets the password and ends the sessions: {\"password\"}; by a session with the asker's own as "
     "\"current\"."},
    {del, "/api/v1/admins/{name}", admin, remove_admin, "Removes one, unless it is the last."},
    {get, "/api/v1/audit", viewer, list_audit,
     "Who did what, the newest first: ?limit (100) entries, those that come after the id ?after."},
    {get, "/api/v1/openapi.json", anyone, openapi, "This table as an OpenAPI document."},

    {get, "/api/v1/users", viewer, list_users, "All users.", by_pages},
    {post, "/api/v1/users", admin, add_user,
     "Adds a user: {\"address\", \"password\"}, or \"password_hash\" such as {SSHA512}… or "
     "{CRYPT}$6$… from another server."},
    {post, "/api/v1/user-batches", admin, add_users,
     "Adds up to 500 users: {\"users\": [as above, …]}. Answers with an array: what became of each."},
    {get, "/api/v1/users/{address}", self_or_viewer, show_user, "One user, with aliases and usage."},
    {put, "/api/v1/users/{address}/password", self_or_admin, set_password,
     "Sets the password: {\"password\"}; users by a session say the \"current\" one, too."},
    {del, "/api/v1/users/{address}", admin, remove_user, "Removes the user; the data goes after 14 days."},
    {put, "/api/v1/users/{address}/role", admin, set_role,
     "What the user may do here: {\"role\": \"user\", \"viewer\", \"operator\" or \"admin\"}."},
    {get, "/api/v1/users/{address}/app-passwords", self_or_admin, list_app_passwords,
     "Passwords of single mail programs, by name; never the passwords."},
    {post, "/api/v1/users/{address}/app-passwords", self_or_admin, add_app_password,
     "Makes one, which is shown this once: {\"name\", \"protocols\": [\"imap\", \"pop3\", \"smtp\"]}.",
     secret},
    {del, "/api/v1/users/{address}/app-passwords/{name}", self_or_admin, remove_app_password, "Ends one."},
    {get, "/api/v1/users/{address}/location", self_or_viewer, locate_user,
     "The slot that holds the user's mail; \"names\" are those of its nodes, by id."},
    {get, "/api/v1/lookup", viewer, look_up,
     "Where ?key= leads, an address or a domain, and for an address the node that serves it best by "
     "service."},
    {get, "/api/v1/domains", viewer, list_domains, "All domains.", by_pages},
    {post, "/api/v1/domains", admin, add_domain,
     "Adds a domain: {\"name\"}; with \"alias_of\" another name of a domain that is there."},
    {get, "/api/v1/domains/{name}", viewer, show_domain, "One domain."},
    {del, "/api/v1/domains/{name}", admin, remove_domain, "Removes a domain that nothing uses."},
    {get, "/api/v1/aliases", viewer, list_aliases, "All aliases.", by_pages},
    {post, "/api/v1/aliases", admin, add_alias, "Adds an alias: {\"address\", \"target\"}."},
    {get, "/api/v1/aliases/{address}", viewer, show_alias, "One alias."},
    {del, "/api/v1/aliases/{address}", admin, remove_alias, "Removes an alias."},

    {get, "/api/v1/domains/{name}/dns", viewer, show_dns,
     "The records that the domain needs in the DNS, and whether they are there; may take 10 s."},
    {put, "/api/v1/domains/{name}/catch-all", admin, set_catch_all,
     "Who gets what is for nobody in the domain: {\"address\"}."},
    {del, "/api/v1/domains/{name}/catch-all", admin, remove_catch_all, "What is for nobody is refused."},
    {get, "/api/v1/lists", viewer, list_lists, "All addresses with members.", by_pages},
    {post, "/api/v1/lists", admin, add_list,
     "Adds one: {\"address\", \"members\": [addresses, here or elsewhere]}."},
    {get, "/api/v1/lists/{address}", viewer, show_list, "One, with its members."},
    {post, "/api/v1/lists/{address}/members", admin, change_list,
     "Adds and removes members: {\"add\": […], \"remove\": […]}."},
    {del, "/api/v1/lists/{address}", admin, remove_list, "Removes one."},
    {get, "/api/v1/users/{address}/forwarding", self_or_viewer, show_forwarding,
     "To whom the user's mail is forwarded."},
    {put, "/api/v1/users/{address}/forwarding", admin, set_forwarding,
     "Forwards the user's mail: {\"to\": [addresses, here or elsewhere], \"only\": true: the mailbox gets "
     "none}."},
    {get, "/api/v1/users/{address}/delegates", self_or_viewer, show_delegates,
     "Who may send in the user's name, besides the user."},
    {put, "/api/v1/users/{address}/delegates", admin, set_delegates,
     "Lets these users send in the user's name, and nobody else: {\"delegates\": [addresses of users]}."},
    {get, "/api/v1/dkim-keys", viewer, list_dkim_keys,
     "Keys that sign mail, of all domains, with the TXT record of each. No call gives private keys.",
     by_pages},
    {post, "/api/v1/domains/{name}/dkim-keys", admin, add_dkim_key,
     "Makes a key: {\"algorithm\": \"rsa\" or \"ed25519\", \"selector\"}, both with defaults. It signs once "
     "activated."},
    {post, "/api/v1/domains/{name}/dkim-keys/{selector}/activate", admin, activate_dkim_key,
     "Signs with it, in place of the active one of its algorithm, which is retired."},
    {post, "/api/v1/domains/{name}/dkim-keys/{selector}/retire", admin, retire_dkim_key,
     "Signs with it no more."},
    {del, "/api/v1/domains/{name}/dkim-keys/{selector}", admin, remove_dkim_key,
     "Forgets a key that does not sign."},

    {get, "/api/v1/queue", viewer, list_queue,
     "Messages that wait for delivery: queue entries and intake; those of ?destination and ?sender.",
     by_pages},
    {post, "/api/v1/queue/{id}/retry", operate, retry_queued, "Tries one again now."},
    {post, "/api/v1/queue/{id}/hold", operate, hold_queued, "Sends nothing of one to other domains for now."},
    {post, "/api/v1/queue/{id}/release", operate, release_queued, "Sends it again, beginning now."},
    {del, "/api/v1/queue/{id}", operate, remove_queued, "Drops one without telling its sender."},
    {post, "/api/v1/queue/flush", operate, flush_queue,
     "Tries all now, or those for {\"destination\"} and from {\"sender\"}; where next_slot is answered, the "
     "rest "
     "is asked for again with {\"from_slot\"}."},
    {post, "/api/v1/queue/hold", operate, hold_queue,
     "Holds those for {\"destination\"} and from {\"sender\"}."},
    {post, "/api/v1/queue/release", operate, release_queue, "Releases such."},
    {post, "/api/v1/queue/remove", operate, empty_queue, "Drops such without telling their senders."},
    {get, "/api/v1/trace/{what}", viewer, trace,
     "What became of the messages that an id, a Message-ID or an address names, as all nodes noted it."},

    {get, "/api/v1/routes", viewer, list_routes, "Which way mail for some domains elsewhere goes.", by_pages},
    {get, "/api/v1/routes/{domain}", viewer, show_route, "One domain's way."},
    {put, "/api/v1/routes/{domain}", admin, set_route,
     "Sets a domain's way: {\"via\": \"mx\", \"smtp:HOST:PORT\" or \"lmtp:HOST:PORT\", \"tls\": "
     "\"opportunistic\" or \"required\"}."},
    {del, "/api/v1/routes/{domain}", admin, remove_route, "Lets it go where all other mail goes."},
};

}  // namespace

std::span<const Route> routes() {
  return table;
}

}  // namespace gridmail::api
