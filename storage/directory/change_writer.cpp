#include "storage/directory/change_writer.hpp"

#include <algorithm>

#include "storage/directory/record_condition.hpp"

namespace gridmail {
namespace {

constexpr WallMicros join_tokens_remembered = 30LL * 24 * 3600 * 1'000'000;  // once they have expired
/// RFC 5321, section 4.5.3.1: local part 64, domain 255 octets.
constexpr std::size_t local_part_bytes_max = 64;
constexpr std::size_t domain_bytes_max = 255;
constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t tokens_max = 1000;
constexpr std::size_t limits_bytes_max = 2000;

/// The postmaster's own user, made with the grid: an address without domain, which nobody can log in to.
constexpr std::string_view postmaster_address = "postmaster";

bool is_name(std::string_view name, std::size_t bytes_max) {
  return !name.empty() && name.size() <= bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f;
  });
}

bool is_domain_name(std::string_view name) {
  return is_name(name, domain_bytes_max) && name.find('@') == std::string_view::npos;
}

/// Of a record that is known by a name, `before` being that of the one there, or 0: never again one that an
/// earlier record of the name had, as nodes tell by name and version whether what they remember still holds.
std::uint64_t version_after(std::uint64_t before, WallMicros now) {
  return std::max(before + 1, static_cast<std::uint64_t>(std::max<WallMicros>(now, 0)));
}

Result<UserId> user_id(const Bytes& bytes) {
  const auto id = UserId::from_bytes(bytes);
  if (!id || id->is_nil()) return fail(Errc::invalid, "a user's id has 16 bytes");
  return *id;
}

}  // namespace

Task<Result<void>> ChangeWriter::write(const directory::Change& change) {
  auto entry = co_await begin_audit(change);
  if (!entry) co_return tl::unexpected(entry.error());
  if (auto written = co_await write_kind(change); !written) co_return written;
  if (!*entry) co_return Result<void>{};
  co_return co_await finish_audit(change, std::move(**entry));
}

Task<Result<void>> ChangeWriter::write_kind(const directory::Change& change) {
  using Kind = directory::Change;
  for (const auto& expected : change.expected()) {
    if (auto holds = co_await check(expected); !holds) co_return holds;
  }
  switch (change.kind_case()) {
    case Kind::kAddDomain:
      co_return co_await add_domain(change.add_domain());
    case Kind::kRemoveDomain:
      co_return co_await remove_domain(change.remove_domain());
    case Kind::kAddUser:
      co_return co_await add_user(change.add_user());
    case Kind::kUpdateUser:
      co_return co_await update_user(change.update_user());
    case Kind::kRemoveUser:
      co_return co_await remove_user(change.remove_user());
    case Kind::kForgetUser:
      co_return co_await forget_user(change.forget_user());
    case Kind::kAddAlias:
      co_return co_await add_alias(change.add_alias());
    case Kind::kRemoveAlias:
      co_return co_await remove_alias(change.remove_alias());
    case Kind::kSetPostmaster:
      co_return co_await set_postmaster(change.set_postmaster());
    case Kind::kSetLimits:
      co_return co_await set_limits(change.set_limits());
    case Kind::kPutAdmin:
      co_return co_await put_admin(change.put_admin());
    case Kind::kRemoveAdmin:
      co_return co_await remove_admin(change.remove_admin());
    case Kind::kAddToken:
      co_return co_await add_token(change.add_token());
    case Kind::kRemoveToken:
      co_return co_await remove_token(change.remove_token());
    case Kind::kAddJoinToken:
      co_return co_await add_join_token(change.add_join_token());
    case Kind::kUseJoinToken:
      co_return co_await use_join_token(change.use_join_token());
    case Kind::kRemoveJoinToken:
      co_return co_await remove_existing(keys_.join_token(change.remove_join_token().id()), "join token");
    case Kind::kSetRoute:
      co_return co_await set_route(change.set_route());
    case Kind::kRemoveRoute:
      co_return co_await remove_route(change.remove_route());
    case Kind::kPutCertificate:
      co_return co_await put_certificate(change.put_certificate());
    case Kind::kRemoveCertificate:
      co_return co_await remove_existing(keys_.certificate(change.remove_certificate().name()),
                                         "certificate " + change.remove_certificate().name());
    case Kind::kSetCatchAll:
      co_return co_await set_catch_all(change.set_catch_all());
    case Kind::kSetForwarding:
      co_return co_await set_forwarding(change.set_forwarding());
    case Kind::kSetDelegates:
      co_return co_await set_delegates(change.set_delegates());
    case Kind::kAddList:
      co_return co_await add_list(change.add_list());
    case Kind::kChangeList:
      co_return co_await change_list(change.change_list());
    case Kind::kRemoveList:
      co_return co_await remove_list(change.remove_list());
    case Kind::kAddDkimKey:
      co_return co_await add_dkim_key(change.add_dkim_key());
    case Kind::kSetDkimKeyState:
      co_return co_await set_dkim_key_state(change.set_dkim_key_state());
    case Kind::kSealDkimKey:
      co_return co_await seal_dkim_key(change.seal_dkim_key());
    case Kind::kSetSrsSecrets:
      co_return co_await set_srs_secrets(change.set_srs_secrets());
    case Kind::kRemoveDkimKey:
      co_return co_await remove_dkim_key(change.remove_dkim_key());
    case Kind::kSetRole:
      co_return co_await set_role(change.set_role());
    case Kind::kAddAppPassword:
      co_return co_await add_app_password(change.add_app_password());
    case Kind::kRemoveAppPassword:
      co_return co_await remove_app_password(change.remove_app_password());
    case Kind::kAddSession:
      co_return co_await add_session(change);
    case Kind::kRemoveSession:
      co_return co_await remove_session(change.remove_session());
    case Kind::kAddConfigVersion:
      co_return co_await add_config_version(change);
    case Kind::kBeginRequest:
      co_return co_await begin_request(change.begin_request());
    case Kind::kKeepAnswer:
      co_return co_await keep_answer(change.keep_answer());
    case Kind::kAddAudit:
      co_return Result<void>{};  // the entry is all
    default:
      break;
  }
  co_return fail(Errc::unsupported, "an unknown change of the directory");
}

Task<Result<void>> ChangeWriter::check(const directory::ExpectedRecord& expected) {
  const auto record = co_await builder_.get(Family::meta, keys_.with_tail(expected.key()));
  if (!record) co_return tl::unexpected(record.error());
  const auto digest = *record ? digest_of_record(**record) : Bytes();
  const auto& digests = expected.digests();
  const bool is_so =
      *record && (digests.empty() || std::find(digests.begin(), digests.end(), digest) != digests.end());
  if (is_so != expected.negated()) co_return Result<void>{};
  co_return fail(Errc::conflict, std::string(record_changed));
}

Task<Result<void>> ChangeWriter::write_first_settings(UserId user) {
  const auto there = co_await builder_.get(Family::meta, keys_.settings());
  if (!there) co_return tl::unexpected(there.error());
  if (*there) co_return Result<void>{};
  directory::User record;
  record.set_id(user.bytes());
  record.set_address(std::string(postmaster_address));
  record.set_created(now_);
  record.set_version(1);
  if (auto done = co_await put(keys_.user(user), record.SerializeAsString()); !done) co_return done;
  if (auto done = co_await put_address(record.address(), record.id(), false); !done) co_return done;
  directory::Settings settings;
  settings.set_postmaster(record.id());
  co_return co_await put(keys_.settings(), settings.SerializeAsString());
}

Task<Result<void>> ChangeWriter::add_domain(const directory::AddDomain& change) {
  if (!is_domain_name(change.name())) co_return fail(Errc::invalid, "not a domain: " + change.name());
  const auto there = co_await builder_.get(Family::meta, keys_.domain(change.name()));
  if (!there) co_return tl::unexpected(there.error());
  if (*there) co_return fail(Errc::already_exists, "domain " + change.name() + " is there already");
  directory::Domain record;
  if (!change.alias_of().empty()) {
    const auto other = co_await own_domain(change.alias_of());
    if (!other) co_return tl::unexpected(other.error());
    record.set_alias_of(change.alias_of());
  }
  record.set_name(change.name());
  record.set_created(now_);
  co_return co_await put(keys_.domain(change.name()), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_domain(const directory::RemoveDomain& change) {
  auto range = keys_.addresses_of(change.name());
  const auto addresses =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), 1);
  if (!addresses) co_return tl::unexpected(addresses.error());
  if (!addresses->empty()) co_return fail(Errc::conflict, "domain " + change.name() + " still has addresses");
  auto all = keys_.domains();
  const auto domains =
      co_await builder_.scan(Family::meta, std::move(all.first), std::move(all.last), SIZE_MAX);
  if (!domains) co_return tl::unexpected(domains.error());
  for (const auto& pair : *domains) {
    const auto other = decode_record<directory::Domain>(pair.value);
    if (!other) co_return tl::unexpected(other.error());
    if (other->alias_of() == change.name())
      co_return fail(Errc::conflict, other->name() + " is another name of " + change.name());
  }
  if (auto removed = co_await remove_existing(keys_.domain(change.name()), "domain " + change.name());
      !removed) {
    co_return removed;
  }
  co_return co_await remove_dkim_keys_of(change.name());
}

Task<Result<directory::Domain>> ChangeWriter::own_domain(const std::string& name) {
  auto record = co_await load<directory::Domain>(keys_.domain(name));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "no domain " + name);
  if (!(*record)->alias_of().empty())
    co_return fail(Errc::conflict, name + " is another name of " + (*record)->alias_of());
  co_return std::move(**record);
}

Task<Result<void>> ChangeWriter::check_free(const std::string& address) {
  const auto [local, domain] = split_address(address);
  if (!is_name(local, local_part_bytes_max) || !is_domain_name(domain)) {
    co_return fail(Errc::invalid, "not an address: " + address);
  }
  const std::string domain_name(domain);
  const auto ours = co_await own_domain(domain_name);
  if (!ours) co_return tl::unexpected(ours.error());
  const auto taken = co_await builder_.get(Family::meta, keys_.address(address));
  if (!taken) co_return tl::unexpected(taken.error());
  if (*taken) co_return fail(Errc::already_exists, address + " is there already");
  co_return Result<void>{};
}

Task<Result<void>> ChangeWriter::put_address(const std::string& address, const Bytes& user, bool alias) {
  directory::Address record;
  record.set_user(user);
  record.set_alias(alias);
  co_return co_await put(keys_.address(address), record.SerializeAsString());
}

Task<Result<directory::User>> ChangeWriter::existing_user(const Bytes& id_bytes) {
  const auto id = user_id(id_bytes);
  if (!id) co_return tl::unexpected(id.error());
  auto record = co_await load<directory::User>(keys_.user(*id));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::not_found, "no user " + id->hex());
  co_return std::move(**record);
}

Task<Result<void>> ChangeWriter::add_user(const directory::AddUser& change) {
  const auto id = user_id(change.id());
  if (!id) co_return tl::unexpected(id.error());
  const auto same = co_await load<directory::User>(keys_.user(*id));
  if (!same) co_return tl::unexpected(same.error());
  // The asker draws the id, so this is the same wish again: it may come long after its GUID was forgotten.
  if (*same && (*same)->address() == change.address()) co_return Result<void>{};
  if (*same) co_return fail(Errc::already_exists, "user " + id->hex());
  if (auto free = co_await check_free(change.address()); !free) co_return free;
  const auto removed = co_await builder_.get(Family::meta, keys_.tombstone(*id));
  if (!removed) co_return tl::unexpected(removed.error());
  if (*removed) co_return fail(Errc::already_exists, "user " + id->hex());  // ids are never used again
  directory::User record;
  record.set_id(change.id());
  record.set_address(change.address());
  record.set_password_hash(change.password_hash());
  record.set_created(now_);
  record.set_can_log_in(change.can_log_in());
  record.set_version(1);
  if (auto done = co_await put(keys_.user(*id), record.SerializeAsString()); !done) co_return done;
  co_return co_await put_address(change.address(), change.id(), false);
}

Task<Result<void>> ChangeWriter::update_user(const directory::UpdateUser& change) {
  auto record = co_await existing_user(change.id());
  if (!record) co_return tl::unexpected(record.error());
  if (change.expected_version() != 0 && change.expected_version() != record->version()) {
    co_return fail(Errc::conflict, "the user's record has changed");
  }
  if (change.has_password_hash()) {
    record->set_password_hash(change.password_hash());
    // Hashed anew it is the same password still: whoever has a session keeps it.
    if (change.expected_version() == 0) record->set_password_set(now_);
  }
  if (change.has_can_log_in()) record->set_can_log_in(change.can_log_in());
  record->set_version(record->version() + 1);
  const auto id = user_id(change.id());
  co_return co_await put(keys_.user(*id), record->SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_user(const directory::RemoveUser& change) {
  const auto record = co_await existing_user(change.id());
  if (!record) co_return tl::unexpected(record.error());
  const auto id = user_id(change.id());
  const auto settings = co_await load<directory::Settings>(keys_.settings());
  if (!settings) co_return tl::unexpected(settings.error());
  if (*settings && (*settings)->postmaster() == change.id()) {
    co_return fail(Errc::conflict, "the user is the grid's postmaster");
  }
  auto range = keys_.aliases_of(*id);
  const auto aliases =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), SIZE_MAX);
  if (!aliases) co_return tl::unexpected(aliases.error());
  for (const auto& pair : *aliases) {
    if (auto done = co_await remove(keys_.address(keys_.alias_in(pair.key))); !done) co_return done;
    if (auto done = co_await remove(pair.key); !done) co_return done;
  }
  if (auto done = co_await remove_credentials_of(*id, record->address()); !done) co_return done;
  if (auto done = co_await remove(keys_.address(record->address())); !done) co_return done;
  if (auto done = co_await remove(keys_.user(*id)); !done) co_return done;
  directory::Tombstone tombstone;
  tombstone.set_user(change.id());
  tombstone.set_address(record->address());
  tombstone.set_removed(now_);
  co_return co_await put(keys_.tombstone(*id), tombstone.SerializeAsString());
}

Task<Result<void>> ChangeWriter::forget_user(const directory::ForgetUser& change) {
  const auto id = user_id(change.id());
  if (!id) co_return tl::unexpected(id.error());
  co_return co_await remove_existing(keys_.tombstone(*id), "tombstone of user " + id->hex());
}

Task<Result<void>> ChangeWriter::add_alias(const directory::AddAlias& change) {
  const auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  if (change.replace()) {
    directory::RemoveAlias before;
    before.set_alias(change.alias());
    const auto gone = co_await remove_alias(before);
    if (!gone && gone.error().code != Errc::not_found) co_return gone;
  }
  if (auto free = co_await check_free(change.alias()); !free) co_return free;
  const auto id = user_id(change.user());
  if (auto done = co_await put(keys_.alias(*id, change.alias()), {}); !done) co_return done;
  co_return co_await put_address(change.alias(), change.user(), true);
}

Task<Result<void>> ChangeWriter::remove_alias(const directory::RemoveAlias& change) {
  const auto record = co_await load<directory::Address>(keys_.address(change.alias()));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record || !(*record)->alias()) co_return fail(Errc::not_found, "no alias " + change.alias());
  const auto id = user_id((*record)->user());
  if (!id) co_return fail(Errc::corrupted, "alias " + change.alias() + " names no user");
  if (auto done = co_await remove(keys_.alias(*id, change.alias())); !done) co_return done;
  co_return co_await remove(keys_.address(change.alias()));
}

Task<Result<void>> ChangeWriter::set_postmaster(const directory::SetPostmaster& change) {
  const auto user = co_await existing_user(change.user());
  if (!user) co_return tl::unexpected(user.error());
  auto settings = co_await load<directory::Settings>(keys_.settings());
  if (!settings) co_return tl::unexpected(settings.error());
  directory::Settings record = settings->value_or(directory::Settings{});
  record.set_postmaster(change.user());
  co_return co_await put(keys_.settings(), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::set_limits(const directory::SetLimits& change) {
  if (change.limits().size() > limits_bytes_max)
    co_return fail(Errc::too_large, "limits have 2000 bytes at most");
  auto settings = co_await load<directory::Settings>(keys_.settings());
  if (!settings) co_return tl::unexpected(settings.error());
  directory::Settings record = settings->value_or(directory::Settings{});
  record.set_limits(change.limits());
  co_return co_await put(keys_.settings(), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::put_admin(const directory::PutAdmin& change) {
  if (!is_name(change.name(), name_bytes_max)) co_return fail(Errc::invalid, "not a name: " + change.name());
  auto there = co_await load<directory::Admin>(keys_.admin(change.name()));
  if (!there) co_return tl::unexpected(there.error());
  if (*there && !change.replace())
    co_return fail(Errc::already_exists, "administrator " + change.name() + " is there already");
  if (!*there && change.replace()) co_return fail(Errc::not_found, "no administrator " + change.name());
  directory::Admin record;
  if (*there) {
    record = std::move(**there);
  } else {
    record.set_name(change.name());
    record.set_created(now_);
  }
  record.set_password_hash(change.password_hash());
  record.set_password_set(now_);
  record.set_version(version_after(record.version(), now_));
  co_return co_await put(keys_.admin(change.name()), record.SerializeAsString());
}

/// What somebody could do ends with the account.
Task<Result<void>> ChangeWriter::remove_tokens_of(std::string owner) {
  auto range = keys_.tokens();
  const auto tokens =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), SIZE_MAX);
  if (!tokens) co_return tl::unexpected(tokens.error());
  for (const auto& pair : *tokens) {
    const auto token = decode_record<directory::Token>(pair.value);
    if (!token) co_return tl::unexpected(token.error());
    if (token->admin() != owner) continue;
    if (auto done = co_await remove(pair.key); !done) co_return done;
  }
  co_return Result<void>{};
}

/// Nobody could make another one without the last.
Task<Result<void>> ChangeWriter::remove_admin(const directory::RemoveAdmin& change) {
  auto range = keys_.admins();
  const auto admins = co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), 2);
  if (!admins) co_return tl::unexpected(admins.error());
  if (admins->size() == 1 && admins->front().key == keys_.admin(change.name()))
    co_return fail(Errc::conflict, change.name() + " is the last administrator: add another one first");
  if (auto done = co_await remove_tokens_of(change.name()); !done) co_return done;
  co_return co_await remove_existing(keys_.admin(change.name()), "administrator " + change.name());
}

/// An administrator, or a user by address.
Task<Result<void>> ChangeWriter::check_owner(const std::string& owner) {
  const bool is_user = owner.find('@') != std::string::npos;
  auto key = is_user ? keys_.address(owner) : keys_.admin(owner);
  const auto there = co_await builder_.get(Family::meta, std::move(key));
  if (!there) co_return tl::unexpected(there.error());
  if (!*there) co_return fail(Errc::not_found, "no administrator " + owner);
  co_return Result<void>{};
}

Task<Result<void>> ChangeWriter::add_token(const directory::AddToken& change) {
  if (change.id().size() != secret_hash_bytes) co_return fail(Errc::invalid, "not the hash of a token");
  if (!is_name(change.name(), name_bytes_max))
    co_return fail(Errc::invalid, "a token's name has no spaces, and 255 bytes at most");
  const auto owner = co_await check_owner(change.admin());
  if (!owner) co_return owner;
  auto range = keys_.tokens();
  const auto others =
      co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last), tokens_max);
  if (!others) co_return tl::unexpected(others.error());
  if (others->size() == tokens_max) co_return fail(Errc::conflict, "there are 1000 tokens already");
  for (const auto& pair : *others) {
    const auto other = decode_record<directory::Token>(pair.value);
    if (!other) co_return tl::unexpected(other.error());
    if (other->id() == change.id()) continue;  // the same wish again
    if (other->name() == change.name())
      co_return fail(Errc::already_exists, "token " + change.name() + " is there already");
  }
  directory::Token record;
  record.set_id(change.id());
  record.set_name(change.name());
  record.set_admin(change.admin());
  record.set_created(now_);
  record.set_expires(change.expires());
  record.set_role(change.role());
  co_return co_await put(keys_.token(change.id()), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_token(const directory::RemoveToken& change) {
  co_return co_await remove_existing(keys_.token(change.id()), "token");
}

Task<Result<void>> ChangeWriter::add_join_token(const directory::AddJoinToken& change) {
  if (change.id().size() != secret_hash_bytes) co_return fail(Errc::invalid, "not the hash of a join token");
  directory::JoinToken record;
  record.set_id(change.id());
  record.set_created(now_);
  record.set_expires(change.expires());
  if (auto forgotten = co_await forget_old_join_tokens(); !forgotten) co_return forgotten;
  co_return co_await put(keys_.join_token(change.id()), record.SerializeAsString());
}

/// Until then whoever comes with one is told that it was used, or has expired.
Task<Result<void>> ChangeWriter::forget_old_join_tokens() {
  auto all = keys_.join_tokens();
  const auto records =
      co_await builder_.scan(Family::meta, std::move(all.first), std::move(all.last), SIZE_MAX);
  if (!records) co_return tl::unexpected(records.error());
  for (const auto& pair : *records) {
    const auto record = decode_record<directory::JoinToken>(pair.value);
    if (!record || record->expires() + join_tokens_remembered > now_) continue;
    if (auto gone = co_await remove(pair.key); !gone) co_return gone;
  }
  co_return Result<void>{};
}

Task<Result<void>> ChangeWriter::use_join_token(const directory::UseJoinToken& change) {
  auto record = co_await load<directory::JoinToken>(keys_.join_token(change.id()));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return fail(Errc::denied, "the join token is not of this grid");
  auto& token = **record;
  // The node that used it may ask again: it may have lost the answer.
  if (token.used() != 0 && token.used_by() == change.node()) co_return Result<void>{};
  if (token.used() != 0) co_return fail(Errc::denied, "the join token was used already");
  if (token.expires() <= now_) co_return fail(Errc::denied, "the join token has expired");
  token.set_used(now_);
  token.set_used_by(change.node());
  co_return co_await put(keys_.join_token(change.id()), token.SerializeAsString());
}

Task<Result<void>> ChangeWriter::put_certificate(const directory::PutCertificate& change) {
  auto record = change.certificate();
  if (!is_domain_name(record.name())) co_return fail(Errc::invalid, "not a domain: " + record.name());
  const auto there = co_await load<directory::Certificate>(keys_.certificate(record.name()));
  if (!there) co_return tl::unexpected(there.error());
  const std::uint64_t version = *there ? (*there)->version() : 0;
  if (change.expected_version() != 0 && change.expected_version() != version) {
    co_return fail(Errc::conflict, "the certificate has changed");
  }
  record.set_version(version_after(version, now_));
  co_return co_await put(keys_.certificate(record.name()), record.SerializeAsString());
}

Task<Result<void>> ChangeWriter::remove_existing(Bytes key, std::string what) {
  const auto there = co_await builder_.get(Family::meta, key);
  if (!there) co_return tl::unexpected(there.error());
  if (!*there) co_return fail(Errc::not_found, "no " + what);
  co_return co_await remove(std::move(key));
}

}  // namespace gridmail
