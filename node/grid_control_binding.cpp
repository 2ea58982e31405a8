#include "node/grid_control_binding.hpp"

#include "gossip/membership/join_token.hpp"
#include "node/applied.hpp"
#include "node/record_conditions.hpp"
#include "node/runtime/parallel.hpp"
#include "node/statistics/metered_session.hpp"
#include "storage/directory/record_condition.hpp"

namespace gridmail {
namespace {

constexpr std::size_t added_at_once = 64;

api::DomainRow row_of(const DomainRow& domain) {
  return {domain.name, domain.users, domain.alias_of, domain.catch_all};
}

WouldChange told_to(std::shared_ptr<api::Trial> trial) {
  if (!trial) return {};
  return [trial = std::move(trial)](const directory::AuditEntry& entry) {
    trial->changes.push_back({entry.verb(), entry.object(), entry.before(), entry.after()});
  };
}

}  // namespace

GridControlBinding::State::State(const Parts& parts)
    : clients({parts.core, parts.mail, parts.random, parts.config, parts.listeners, parts.certificates,
               parts.statistics.meter(),
               [&core = parts.core](NodeId node) { return is_alive_in(core, node); }}),
      canary(parts.core, parts.clock, [&core = parts.core](NodeId node) { return is_alive_in(core, node); }),
      requests(parts.mail, parts.clock),
      overview({parts.core, parts.mail, parts.chronicle}) {}

GridControlBinding::GridControlBinding(Parts parts)
    : GridControlBinding(parts, std::make_shared<State>(parts), {}, {}, {}, nullptr) {}

GridControlBinding::GridControlBinding(Parts parts, std::shared_ptr<State> state, api::Principal who,
                                       const directory::Actor& actor, Expected expected,
                                       std::shared_ptr<api::Trial> trial)
    : parts_(std::move(parts)),
      state_(std::move(state)),
      actor_(actor),
      expected_settings_(std::move(expected.settings)),
      trial_(std::move(trial)),
      as_(std::make_shared<Administration>(parts_.mail, parts_.certificates, std::move(who), actor,
                                           std::move(expected.record), told_to(trial_))),
      domains_({parts_.core, parts_.mail, parts_.clock, parts_.config, parts_.dns, *as_}),
      access_({parts_.mail, parts_.clock, *as_}),
      config_({parts_.mail, *as_}) {}

// --- who asks

Task<void> GridControlBinding::count_log_in(Result<KnownAccount> known, std::string login) {
  auto& meter = parts_.statistics.meter();
  if (known) {
    meter.add(TrafficSubject::of(known->user, known->account, TrafficProtocol::http), {.log_ins = 1});
  } else if (known.error().code == Errc::denied) {
    co_await count_refused(meter, parts_.mail.directory(), std::move(login), TrafficProtocol::http);
  }
}

Task<Result<api::Principal>> GridControlBinding::authenticate(std::string user, std::string password,
                                                              std::string peer_address) {
  if (user.find('@') == std::string::npos) {
    api::Principal admin{user, api::Role::admin, user};
    const auto known =
        co_await as_->users.authenticate_admin(std::move(user), std::move(password), std::move(peer_address));
    Result<KnownAccount> counted = KnownAccount{};
    if (!known) counted = tl::unexpected(known.error());
    const std::string nobody;  // an administrator is no user
    co_await count_log_in(std::move(counted), nobody);
    if (!known) co_return tl::unexpected(known.error());
    co_return admin;
  }
  const auto known =
      co_await as_->access.authenticate_user(user, std::move(password), std::move(peer_address));
  co_await count_log_in(known, std::move(user));
  if (!known) co_return tl::unexpected(known.error());
  co_return api::Principal{known->account, role_of(known->role), known->account};
}

Task<Result<api::Principal>> GridControlBinding::authenticate_token(std::string secret) {
  auto token = co_await as_->users.authenticate_token(std::move(secret));
  if (!token) co_return tl::unexpected(token.error());
  auto name = "token " + token->name();
  const auto owner = co_await as_->access.owner_of(std::move(*token));
  if (!owner) co_return tl::unexpected(owner.error());
  co_return api::Principal{std::move(name), role_of(owner->role), owner->account};
}

std::shared_ptr<api::GridControl> GridControlBinding::acting(api::Actor actor, Expected expected) const {
  directory::Actor record;
  record.set_who(actor.who.name);
  record.set_address(std::move(actor.address));
  record.set_node(parts_.core.self().bytes());
  // Not make_shared: the constructor is private.
  return std::shared_ptr<GridControlBinding>(new GridControlBinding(
      parts_, state_, std::move(actor.who), record, std::move(expected), std::move(actor.trial)));
}

std::shared_ptr<api::GridControl> GridControlBinding::acting_as(api::Actor actor) {
  return acting(std::move(actor), {});
}

/// What is changed is compared where that is done: the directory's records at its primary, the map's settings
/// by the voters. Here it is only found out early.
Task<Result<std::shared_ptr<api::GridControl>>> GridControlBinding::acting_if(api::Actor actor,
                                                                              api::Resource resource,
                                                                              api::Precondition condition) {
  Expected expected;
  if (resource.kind == api::Resource::Kind::settings) {
    const auto map = parts_.core.map();
    expected.settings = version_of_settings(map ? map->settings : GridSettings{});
    const auto record = co_await record_version(parts_.mail.view(), resource);
    if (!record) co_return tl::unexpected(record.error());
    const auto& versions = condition.versions;
    const bool is_so = versions.empty() || std::find(versions.begin(), versions.end(),
                                                     *record + *expected.settings) != versions.end();
    if (is_so == condition.negated) co_return fail(Errc::conflict, std::string(record_changed));
    condition = {{*record}, false};
  }
  auto wanted = co_await expected_record(parts_.mail.view(), std::move(resource), std::move(condition));
  if (!wanted) co_return tl::unexpected(wanted.error());
  expected.record = std::move(*wanted);
  co_return acting(std::move(actor), std::move(expected));
}

// --- nodes

Result<Member> GridControlBinding::find_member(const std::string& name_or_id) const {
  const auto map = parts_.core.map();
  if (!map) return fail(Errc::unavailable, "this node is in no grid");
  for (const auto& member : map->members) {
    if (member.name == name_or_id || member.id.hex() == name_or_id) return member;
  }
  return fail(Errc::not_found, "no node " + name_or_id);
}

Task<Result<api::JoinToken>> GridControlBinding::join_token(std::chrono::seconds ttl) {
  const auto map = parts_.core.map();
  if (!map) co_return fail(Errc::unavailable, "this node is in no grid");
  gridmail::JoinToken token;
  token.grid_id = map->grid_id;
  token.addresses = {parts_.config.advertised().text()};
  token.introducer = parts_.core.self();
  token.secret = draw_join_secret(parts_.random);
  token.expires = parts_.clock.wall() + to_micros(ttl);
  const auto added = co_await as_->directory.add_join_token(token.secret, token.expires);
  if (!added) co_return tl::unexpected(added.error());
  co_return api::JoinToken{encode_join_token(token), token.expires};
}

// --- users, domains, aliases

namespace {

Task<Result<api::AddedUser>> add_one(UserAdmin& admin, api::NewUser user) {
  Result<AddedUser> added;
  if (user.password_hash.empty()) {
    added = co_await admin.add_user(std::move(user.address), std::move(user.password));
  } else {
    added = co_await admin.import_user(std::move(user.address), std::move(user.password_hash));
  }
  if (!added) co_return tl::unexpected(added.error());
  co_return api::AddedUser{added->id, {added->applied.lagging}};
}

/// Owned by the lanes.
struct Adding {
  std::shared_ptr<Administration> as;
  std::vector<api::NewUser> users;
  std::vector<Result<api::AddedUser>> outcomes;
};

std::vector<std::string> addresses_of(const std::vector<api::NewUser>& users) {
  std::vector<std::string> addresses;
  addresses.reserve(users.size());
  for (const auto& user : users) addresses.push_back(user.address);
  return addresses;
}

/// How many were added, and who, as far as there is room. Without an object: nobody was.
AuditNote note_of(const std::vector<std::string>& addresses,
                  const std::vector<Result<api::AddedUser>>& outcomes) {
  constexpr std::size_t names_bytes_max = 4000;
  AuditNote note{"user import", {}};
  std::size_t added = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i]) continue;
    ++added;
    if (note.after.size() + addresses[i].size() < names_bytes_max)
      note.after += (note.after.empty() ? "" : " ") + addresses[i];
  }
  if (added > 0) note.object = std::to_string(added) + (added == 1 ? " user" : " users");
  return note;
}

Task<void> add_at(std::shared_ptr<Adding> adding, std::size_t index) {
  auto outcome = co_await add_one(adding->as->users, std::move(adding->users[index]));
  adding->outcomes[index] = std::move(outcome);
}

}  // namespace

Task<Result<api::AddedUser>> GridControlBinding::add_user(api::NewUser user) {
  return add_one(as_->users, std::move(user));
}

/// Side by side: passwords are hashed on all cores, and changes of the directory share their waits. The audit
/// log gets one entry for all: else an import would drive everything else out of it.
Task<std::vector<Result<api::AddedUser>>> GridControlBinding::add_users(std::vector<api::NewUser> users) {
  const auto adding = std::make_shared<Adding>();
  adding->users = std::move(users);
  adding->outcomes.resize(adding->users.size());
  auto actor = actor_;
  actor.set_notes_itself(true);
  adding->as = std::make_shared<Administration>(parts_.mail, parts_.certificates, as_->principal, actor);
  const auto names = addresses_of(adding->users);
  const auto step = [adding](std::size_t index) { return add_at(adding, index); };
  co_await run_parallel(parts_.core.tasks(), "add users", adding->users.size(), added_at_once, step);
  auto entry = note_of(names, adding->outcomes);
  if (!entry.object.empty()) co_await note(std::move(entry));
  co_return std::move(adding->outcomes);
}

Task<Result<std::vector<api::UserRow>>> GridControlBinding::users(api::PageQuery page) {
  std::vector<api::UserRow> rows;
  std::string from = page.after;  // read with it: it may be gone by now
  do {
    const auto part = co_await as_->users.users("", from, page.limit - rows.size() + 1);
    if (!part) co_return tl::unexpected(part.error());
    for (const auto& user : part->users) {
      if (user.address != page.after)
        rows.push_back({user.id, user.address, user.created, role_of(user.role)});
    }
    from = part->next;
  } while (!from.empty() && rows.size() < page.limit);
  if (rows.size() > page.limit) rows.resize(page.limit);
  co_return rows;
}

Task<Result<api::UserDetails>> GridControlBinding::user(std::string address) {
  const auto user = co_await as_->users.user(std::move(address));
  if (!user) co_return tl::unexpected(user.error());
  api::UserDetails details;
  details.user = {user->id, user->address, user->created, role_of(user->role)};
  details.aliases = user->aliases;
  details.usage_known = user->usage.has_value();
  if (user->usage) {
    details.messages = user->usage->messages();
    details.bytes = user->usage->bytes();
  }
  const auto last = co_await parts_.statistics.last_log_ins(user->id);
  for (const auto& [protocol, at] : last)
    details.last_log_ins.emplace_back(traffic_protocols[static_cast<std::size_t>(protocol)], at);
  co_return details;
}

Task<Result<std::string>> GridControlBinding::version_of(api::Resource resource) {
  const auto map = parts_.core.map();
  const bool is_settings = resource.kind == api::Resource::Kind::settings;
  auto version = co_await record_version(parts_.mail.view(), std::move(resource));
  if (version && is_settings) *version += version_of_settings(map ? map->settings : GridSettings{});
  co_return version;
}

Task<Result<api::Applied>> GridControlBinding::set_password(std::string address, std::string password) {
  const auto changed = co_await as_->users.set_password(std::move(address), std::move(password));
  co_return applied(changed);
}

Task<Result<api::Applied>> GridControlBinding::remove_user(std::string address) {
  const auto changed = co_await as_->users.remove_user(address);
  if (changed && trial_) co_await tell_user_removal(std::move(address));
  co_return applied(changed);
}

Task<Result<api::SlotPlacement>> GridControlBinding::locate_user(std::string address) {
  const auto slot = co_await as_->users.locate_user(std::move(address));
  if (!slot) co_return tl::unexpected(slot.error());
  co_return placement_of(*parts_.core.map(), *slot);
}

Task<Result<api::Applied>> GridControlBinding::add_domain(std::string name) {
  const auto changed = co_await as_->users.add_domain(std::move(name));
  co_return applied(changed);
}

Task<Result<std::vector<api::DomainRow>>> GridControlBinding::domains(api::PageQuery page) {
  const auto domains = co_await as_->users.domains(std::move(page.after), page.limit);
  if (!domains) co_return tl::unexpected(domains.error());
  std::vector<api::DomainRow> rows;
  for (const auto& domain : *domains) rows.push_back(row_of(domain));
  co_return rows;
}

Task<Result<api::DomainRow>> GridControlBinding::domain(std::string name) {
  const auto domain = co_await as_->users.domain(std::move(name));
  if (!domain) co_return tl::unexpected(domain.error());
  co_return row_of(*domain);
}

Task<Result<api::Applied>> GridControlBinding::remove_domain(std::string name) {
  const auto changed = co_await as_->users.remove_domain(std::move(name));
  co_return applied(changed);
}

Task<Result<api::Applied>> GridControlBinding::add_alias(std::string address, std::string target) {
  const auto changed = co_await as_->users.add_alias(std::move(address), std::move(target));
  co_return applied(changed);
}

Task<Result<api::Applied>> GridControlBinding::set_alias(std::string address, std::string target) {
  const auto changed = co_await as_->users.add_alias(std::move(address), std::move(target), true);
  co_return applied(changed);
}

Task<Result<std::vector<api::AliasRow>>> GridControlBinding::aliases(api::PageQuery page) {
  const auto aliases = co_await as_->users.aliases(std::move(page.after), page.limit);
  if (!aliases) co_return tl::unexpected(aliases.error());
  std::vector<api::AliasRow> rows;
  for (const auto& alias : *aliases) rows.push_back({alias.address, alias.target});
  co_return rows;
}

Task<Result<api::AliasRow>> GridControlBinding::alias(std::string address) {
  const auto alias = co_await as_->users.alias(std::move(address));
  if (!alias) co_return tl::unexpected(alias.error());
  co_return api::AliasRow{alias->address, alias->target};
}

Task<Result<api::Applied>> GridControlBinding::remove_alias(std::string address) {
  const auto changed = co_await as_->users.remove_alias(std::move(address));
  co_return applied(changed);
}

}  // namespace gridmail
