#include "tests/unit/node/grid_in_memory.hpp"

#include "storage/directory/record_condition.hpp"

namespace gridmail::testing {

using namespace api;

GridInMemory::GridInMemory() {
  first.value.fill(1);
  second.value.fill(2);
}

SlotPlacement GridInMemory::placement(std::variant<SlotId, DirectorySlot> slot) const {
  return {slot, 3, first, {first, second}, {}, {}};
}

Task<Result<Principal>> GridInMemory::authenticate(std::string user, std::string password, std::string) {
  if (password != "secret") co_return fail(Errc::denied);
  const auto role = role_named(user.substr(0, user.find('@')));
  if (!role) co_return fail(Errc::denied);
  co_return Principal{user, *role, user};
}
Task<Result<Principal>> GridInMemory::authenticate_token(std::string token) {
  if (token == "the-token" && !role_of_token) co_return tl::unexpected(role_of_token.error());
  if (token == "the-token") co_return Principal{"token first", *role_of_token, "admin"};
  if (token == "viewing") co_return Principal{"token viewing", Role::viewer, "user@example.test"};
  co_return fail(Errc::denied);
}
std::shared_ptr<GridControl> GridInMemory::acting_as(Actor who) {
  actor = std::move(who);
  access_in_memory.acting = actor.who;
  return {std::shared_ptr<void>(), this};
}
Task<Result<std::shared_ptr<GridControl>>> GridInMemory::acting_if(Actor who, Resource resource,
                                                                   Precondition condition) {
  last_resource = std::move(resource);
  const auto& versions = condition.versions;
  const bool is_so = versions.empty() || std::find(versions.begin(), versions.end(), "v1") != versions.end();
  if (is_so == condition.negated) co_return fail(Errc::conflict, std::string(record_changed));
  co_return acting_as(std::move(who));
}
Task<Result<GridStatus>> GridInMemory::status() {
  GridStatus status;
  status.verdict = Verdict::degraded;
  status.reasons = {"node b is suspect"};
  status.this_node = first;
  status.map_version = 7;
  status.slots = 1;
  status.copies = 2;
  NodeRow a{first, "a", Liveness::alive, MemberState::active, "z", 100, {"127.0.0.1:7420"}, "0.1.0", true};
  NodeRow b{second, "b", Liveness::suspect, MemberState::draining, "z", 100, {"127.0.0.1:7421"}, "", false};
  status.nodes = {a, b};
  co_return status;
}
Task<Result<std::vector<SlotPlacement>>> GridInMemory::slots() {
  co_return std::vector{placement(SlotId{0}), placement(DirectorySlot{})};
}
Task<bool> GridInMemory::started() {
  co_return true;
}
Task<std::vector<ReadinessCheck>> GridInMemory::readiness() {
  co_return std::vector<ReadinessCheck>{{"map", true, ""},
                                        {"canary_write", is_ready, is_ready ? "2 ms" : "timed out"}};
}
Task<std::string> GridInMemory::metrics() {
  co_return "gridmail_up 1\n";
}
/// One span, in which as many messages came as the window has seconds.
Task<Result<FigureReport>> GridInMemory::figures(FigureWindow window) {
  figures::Answer answer;
  auto& span = *answer.add_spans();
  span.set_end(1'800'000'000);
  span.set_received(static_cast<std::uint64_t>(span_seconds(window)));
  auto report = combined(window, {{first, answer}});
  report.silent = {second};
  co_return report;
}
Task<Result<Begun>> GridInMemory::drain(std::string node) {
  if (node != "b") co_return fail(Errc::not_found, "no node is called " + node);
  if (actor.trial) {
    actor.trial->changes.push_back({"node drain", node, "state=active", "state=draining"});
    actor.trial->effects.emplace_back("3 slots get another primary");
    co_return Begun{};
  }
  drained = node;
  co_return Begun{"drain-b"};
}
Task<Result<void>> GridInMemory::undrain(std::string) {
  co_return Result<void>();
}
Task<Result<Begun>> GridInMemory::remove_node(std::string node) {
  if (node == "a") co_return fail(Errc::conflict, "too few nodes");
  co_return Begun{"remove-" + node};
}
Task<Result<Begun>> GridInMemory::replace_node(std::string node, std::string successor) {
  last_movement = "replace " + node + " with " + successor;
  co_return Begun{"replace-" + node};
}
Task<Result<Begun>> GridInMemory::set_weight(std::string node, std::uint32_t weight) {
  last_movement = "weight of " + node + " " + std::to_string(weight);
  co_return Begun{"balance"};
}
Task<Result<Begun>> GridInMemory::set_zone(std::string node, std::string zone) {
  last_movement = "zone of " + node + " " + zone;
  co_return Begun{};
}
Task<Result<Begun>> GridInMemory::maintain(std::string node, std::chrono::seconds duration) {
  last_movement = "maintenance of " + node + " " + std::to_string(duration.count());
  co_return Begun{"drain-" + node};
}
Task<Result<Settings>> GridInMemory::settings() {
  co_return grid_settings;
}
Task<Result<Settings>> GridInMemory::change_settings(SettingsWish wish) {
  grid_settings.copies = wish.copies.value_or(grid_settings.copies);
  grid_settings.copies_min = wish.copies_min.value_or(grid_settings.copies_min);
  grid_settings.scrub_days = wish.scrub_days.value_or(grid_settings.scrub_days);
  grid_settings.postmaster = wish.postmaster.value_or(grid_settings.postmaster);
  grid_settings.limits = wish.limits.value_or(grid_settings.limits);
  co_return grid_settings;
}
Task<Result<void>> GridInMemory::begin_scrub() {
  last_movement = "scrub";
  co_return Result<void>();
}
Task<Result<std::vector<JobRow>>> GridInMemory::jobs() {
  JobRow job;
  job.id = "remove-b";
  job.kind = "remove";
  job.node = second;
  job.slots_total = 3;
  job.slots_done = std::min<std::size_t>(1 + jobs_asked / 2, 3);
  if (job.slots_done == 3) {
    job.state = JobState::done;
    job.ended = 1'000'000;
  }
  ++jobs_asked;
  job.seconds_left = 12;
  job.run_by = {first};
  co_return std::vector{job};
}
Task<Result<void>> GridInMemory::pause_job(std::string id, bool paused) {
  if (id != "remove-b") co_return fail(Errc::not_found, "no job " + id + " is running");
  last_movement = paused ? "pause" : "resume";
  co_return Result<void>();
}
Task<Result<JoinToken>> GridInMemory::join_token(std::chrono::seconds ttl) {
  co_return JoinToken{"token-for-" + std::to_string(ttl.count()), 1'000'000 * ttl.count()};
}
Task<Result<std::string>> GridInMemory::version_of(Resource resource) {
  if (resource.kind == Resource::Kind::user && !passwords.contains(resource.name))
    co_return fail(Errc::not_found, "no such user");
  co_return "v1";
}
Task<Result<AddedUser>> GridInMemory::add_user(NewUser user) {
  if (!passwords.emplace(user.address, user.password + user.password_hash).second)
    co_return fail(Errc::already_exists, user.address + " exists");
  co_return AddedUser{UserId{}, Applied{{second}}};
}
Task<std::vector<Result<AddedUser>>> GridInMemory::add_users(std::vector<NewUser> users) {
  if (passwords.size() + users.size() > passwords_max) throw std::runtime_error("no room");
  std::vector<Result<AddedUser>> outcomes;
  for (const auto& user : users) {
    auto outcome = co_await add_user(user);
    outcomes.push_back(std::move(outcome));
  }
  co_return outcomes;
}
Task<Result<std::vector<UserRow>>> GridInMemory::users(PageQuery page) {
  std::vector<UserRow> rows;
  for (auto at = passwords.upper_bound(page.after); at != passwords.end() && rows.size() < page.limit; ++at)
    rows.push_back({UserId{}, at->first, 0});
  co_return rows;
}
Task<Result<UserDetails>> GridInMemory::user(std::string address) {
  if (!passwords.contains(address)) co_return fail(Errc::not_found, "no such user");
  UserDetails details;
  details.user.address = address;
  co_return details;
}
Task<Result<Applied>> GridInMemory::set_password(std::string address, std::string password) {
  passwords[address] = password;
  co_return Applied{};
}
Task<Result<Applied>> GridInMemory::remove_user(std::string address) {
  if (passwords.erase(address) == 0) co_return fail(Errc::not_found, "no such user");
  co_return Applied{};
}
Task<Result<SlotPlacement>> GridInMemory::locate_user(std::string) {
  co_return placement(SlotId{0});
}
Task<Result<Applied>> GridInMemory::add_domain(std::string) {
  co_return Applied{};
}
Task<Result<std::vector<DomainRow>>> GridInMemory::domains(PageQuery) {
  co_return std::vector<DomainRow>{{"example.test", passwords.size()}};
}
Task<Result<DomainRow>> GridInMemory::domain(std::string name) {
  if (name != "example.test") co_return fail(Errc::not_found, "no domain " + name);
  DomainRow row;
  row.name = name;
  row.users = passwords.size();
  co_return row;
}
Task<Result<Applied>> GridInMemory::remove_domain(std::string) {
  co_return fail(Errc::conflict, "users live there");
}
Task<Result<Applied>> GridInMemory::add_alias(std::string, std::string) {
  co_return Applied{};
}
Task<Result<Applied>> GridInMemory::set_alias(std::string, std::string) {
  co_return Applied{};
}
Task<Result<std::vector<AliasRow>>> GridInMemory::aliases(PageQuery) {
  co_return std::vector<AliasRow>{};
}
Task<Result<AliasRow>> GridInMemory::alias(std::string address) {
  co_return AliasRow{address, "u@example.test"};
}
Task<Result<Applied>> GridInMemory::remove_alias(std::string) {
  co_return Applied{};
}
Task<Result<std::vector<QueueRow>>> GridInMemory::queue(QueueQuery query) {
  queue_asked = query.choice.destination + " " + query.choice.sender + " " + query.page.after + " " +
                std::to_string(query.page.limit);
  co_return std::vector<QueueRow>{};
}
Task<Result<void>> GridInMemory::act_on_queued(std::string, QueueAction action) {
  if (action == QueueAction::retry) co_return fail(Errc::unavailable, "the slot is away");
  co_return Result<void>();
}
Task<Result<QueueActed>> GridInMemory::act_on_queue(QueueAction action, QueueChoice choice,
                                                    SlotId from_slot) {
  queue_asked = std::to_string(static_cast<int>(action)) + " " + choice.destination + " " + choice.sender;
  QueueActed acted{7, std::nullopt};
  if (from_slot == 0) acted.next_slot = 128;
  co_return acted;
}
Task<Result<StatisticsAnswer>> GridInMemory::statistics(StatisticsQuery query) {
  statistics_asked = query;
  StatisticsAnswer answer;
  answer.rows = {{"01", 20'000, "a\"b,@x.test", "imap", 3, 1, 1000, 2000},
                 {"02", 20'001, "c@x.test", "pop3", 1, 0, 10, 20}};
  std::erase_if(answer.rows, [&](const auto& row) { return row.cursor <= query.page.after; });
  if (answer.rows.size() > query.page.limit) answer.rows.resize(query.page.limit);
  answer.silent = {second};
  co_return answer;
}
Task<Result<TraceAnswer>> GridInMemory::trace(std::string what) {
  co_return TraceAnswer{
      {{0, first, "delivered", "", what, "", "<m@x.test>", "a@x.test", {"b@x.test"}, "", ""}}, {second}};
}
Task<Result<std::vector<RouteRow>>> GridInMemory::routes() {
  std::vector<RouteRow> rows;
  for (const auto& [domain, route] : routes_set) rows.push_back(route);
  co_return rows;
}
Task<Result<RouteRow>> GridInMemory::route(std::string domain) {
  if (!routes_set.contains(domain)) co_return fail(Errc::not_found, "no route for " + domain);
  co_return routes_set[domain];
}
Task<Result<Applied>> GridInMemory::set_route(RouteRow route) {
  routes_set[route.domain] = route;
  co_return Applied{};
}
Task<Result<Applied>> GridInMemory::remove_route(std::string domain) {
  if (routes_set.erase(domain) == 0) co_return fail(Errc::not_found, "no route for " + domain);
  co_return Applied{};
}
Task<Result<std::vector<CertificateRow>>> GridInMemory::certificates() {
  co_return std::vector<CertificateRow>{
      {"mail.example.org", {"mail.example.org", "*.example.org"}, "An Issuer", 0, 1'000'000, "00ff", 0}};
}
Task<Result<Applied>> GridInMemory::put_certificate(std::string chain, std::string key) {
  if (chain.empty() || key.empty()) co_return fail(Errc::invalid, "not PEM");
  co_return Applied{};
}
Task<Result<Applied>> GridInMemory::remove_certificate(std::string name) {
  if (name != "mail.example.org") co_return fail(Errc::not_found, "no certificate " + name);
  co_return Applied{};
}
Task<Result<KeyStatus>> GridInMemory::keys() {
  KeyStatus status;
  status.keys = {"0011223344556677"};
  status.since = 7;
  status.nodes.push_back({NodeId{}, "n1", Liveness::alive, true});
  co_return status;
}
Task<Result<KeyStatus>> GridInMemory::rotate_key() {
  auto status = co_await keys();
  status->phase = KeyPhase::installing;
  co_return status;
}

}  // namespace gridmail::testing
