// The part of ChangeWriter that writes down who did what, in the operation that does it.
#include "storage/directory/change_writer.hpp"
#include "storage/directory/default_limits.hpp"

namespace gridmail {
namespace {

constexpr std::size_t object_bytes_max = 300;
constexpr std::size_t state_bytes_max = 4096;
constexpr std::size_t verb_bytes_max = 120;
/// More than one, so that the log shrinks where the limits have been lowered; few, so that no change pays for
/// the others.
constexpr std::uint64_t trimmed_per_change = 4;

}  // namespace

template <class Record>
Task<Result<std::string>> ChangeWriter::record_state(Bytes key) {
  const auto record = co_await load<Record>(std::move(key));
  if (!record) co_return tl::unexpected(record.error());
  co_return *record ? audit_text(**record) : std::string();
}

Task<Result<std::string>> ChangeWriter::address_of(const Bytes& user) {
  const auto id = UserId::from_bytes(user);
  if (!id) co_return to_hex(user);
  const auto record = co_await load<directory::User>(keys_.user(*id));
  if (!record) co_return tl::unexpected(record.error());
  co_return *record ? (*record)->address() : id->hex();
}

Task<Result<std::string>> ChangeWriter::user_state(const Bytes& user) {
  const auto id = UserId::from_bytes(user);
  if (!id) co_return std::string();
  const auto record = co_await load<directory::User>(keys_.user(*id));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return std::string();
  std::vector<std::string> delegates;
  for (const auto& each : (*record)->delegates()) {
    auto address = co_await address_of(each);
    if (!address) co_return address;
    delegates.push_back(std::move(*address));
  }
  co_return audit_text(**record, delegates);
}

Task<Result<std::string>> ChangeWriter::app_password_state(const Bytes& user, const std::string& name) {
  const auto id = UserId::from_bytes(user);
  return record_state<directory::AppPassword>(keys_.app_password(id.value_or(UserId{}), name));
}

Task<Result<std::string>> ChangeWriter::alias_state(const std::string& alias) {
  const auto record = co_await load<directory::Address>(keys_.address(alias));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record || !(*record)->alias()) co_return std::string();
  co_return co_await address_of((*record)->user());
}

Task<Result<std::string>> ChangeWriter::setting_state(const directory::Change& change) {
  const auto record = co_await load<directory::Settings>(keys_.settings());
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return std::string();
  if (change.has_set_limits()) co_return limits_in(**record);
  co_return co_await address_of((*record)->postmaster());
}

Task<Result<AuditAddresses>> ChangeWriter::list_members(const std::string& list) {
  const auto record = co_await load<directory::MemberList>(keys_.list(list));
  if (!record) co_return tl::unexpected(record.error());
  AuditAddresses members{"members", {}, {}};
  if (*record) members.all.insert((*record)->members().begin(), (*record)->members().end());
  co_return members;
}

Task<Result<AuditAddresses>> ChangeWriter::forwards_of(const Bytes& user) {
  const auto id = UserId::from_bytes(user);
  const auto record = co_await load<directory::User>(keys_.user(id.value_or(UserId{})));
  if (!record) co_return tl::unexpected(record.error());
  AuditAddresses forwards{"forwards", {}, {}};
  if (!*record || (*record)->forward_to_size() == 0) co_return forwards;
  forwards.all.insert((*record)->forward_to().begin(), (*record)->forward_to().end());
  forwards.rest = (*record)->forward_only() ? "keep=no" : "keep=yes";
  co_return forwards;
}

Task<Result<AuditAddresses>> ChangeWriter::delegates_of(const Bytes& user) {
  const auto id = UserId::from_bytes(user);
  const auto record = co_await load<directory::User>(keys_.user(id.value_or(UserId{})));
  if (!record) co_return tl::unexpected(record.error());
  AuditAddresses delegates{"delegates", {}, {}};
  if (!*record) co_return delegates;
  for (const auto& each : (*record)->delegates()) {
    auto address = co_await address_of(each);
    if (!address) co_return tl::unexpected(address.error());
    delegates.all.insert(std::move(*address));
  }
  co_return delegates;
}

Task<Result<std::optional<AuditAddresses>>> ChangeWriter::addresses_of(const directory::Change& change) {
  Result<AuditAddresses> found;
  if (change.has_change_list()) {
    found = co_await list_members(change.change_list().address());
  } else if (change.has_set_forwarding()) {
    found = co_await forwards_of(change.set_forwarding().user());
  } else if (change.has_set_delegates()) {
    found = co_await delegates_of(change.set_delegates().user());
  } else {
    co_return std::optional<AuditAddresses>();
  }
  if (!found) co_return tl::unexpected(found.error());
  co_return std::optional(std::move(*found));
}

/// None of these is a coroutine: what they are given outlives the change.
Task<Result<std::string>> ChangeWriter::state_of(const directory::Change& change) {
  using Kind = directory::Change;
  switch (change.kind_case()) {
    case Kind::kAddDomain:
      return record_state<directory::Domain>(keys_.domain(change.add_domain().name()));
    case Kind::kRemoveDomain:
      return record_state<directory::Domain>(keys_.domain(change.remove_domain().name()));
    case Kind::kSetCatchAll:
      return record_state<directory::Domain>(keys_.domain(change.set_catch_all().domain()));
    case Kind::kAddUser:
      return user_state(change.add_user().id());
    case Kind::kUpdateUser:
      return user_state(change.update_user().id());
    case Kind::kRemoveUser:
      return user_state(change.remove_user().id());
    case Kind::kSetRole:
      return user_state(change.set_role().user());
    case Kind::kAddAppPassword:
      return app_password_state(change.add_app_password().password().user(),
                                change.add_app_password().password().name());
    case Kind::kRemoveAppPassword:
      return app_password_state(change.remove_app_password().user(), change.remove_app_password().name());
    case Kind::kAddAlias:
      return alias_state(change.add_alias().alias());
    case Kind::kRemoveAlias:
      return alias_state(change.remove_alias().alias());
    case Kind::kSetPostmaster:
    case Kind::kSetLimits:
      return setting_state(change);
    case Kind::kAddToken:
      return record_state<directory::Token>(keys_.token(change.add_token().id()));
    case Kind::kRemoveToken:
      return record_state<directory::Token>(keys_.token(change.remove_token().id()));
    case Kind::kAddJoinToken:
      return record_state<directory::JoinToken>(keys_.join_token(change.add_join_token().id()));
    case Kind::kUseJoinToken:
      return record_state<directory::JoinToken>(keys_.join_token(change.use_join_token().id()));
    case Kind::kRemoveJoinToken:
      return record_state<directory::JoinToken>(keys_.join_token(change.remove_join_token().id()));
    case Kind::kSetRoute:
      return record_state<directory::Route>(keys_.route(change.set_route().route().domain()));
    case Kind::kRemoveRoute:
      return record_state<directory::Route>(keys_.route(change.remove_route().domain()));
    case Kind::kPutCertificate:
      return record_state<directory::Certificate>(
          keys_.certificate(change.put_certificate().certificate().name()));
    case Kind::kRemoveCertificate:
      return record_state<directory::Certificate>(keys_.certificate(change.remove_certificate().name()));
    case Kind::kAddList:
      return record_state<directory::MemberList>(keys_.list(change.add_list().address()));
    case Kind::kRemoveList:
      return record_state<directory::MemberList>(keys_.list(change.remove_list().address()));
    case Kind::kAddDkimKey:
      return record_state<directory::DkimKey>(
          keys_.dkim_key(change.add_dkim_key().key().domain(), change.add_dkim_key().key().selector()));
    case Kind::kSetDkimKeyState:
      return record_state<directory::DkimKey>(
          keys_.dkim_key(change.set_dkim_key_state().domain(), change.set_dkim_key_state().selector()));
    case Kind::kRemoveDkimKey:
      return record_state<directory::DkimKey>(
          keys_.dkim_key(change.remove_dkim_key().domain(), change.remove_dkim_key().selector()));
    default:
      return no_state();
  }
}

Task<Result<std::string>> ChangeWriter::no_state() {
  co_return std::string();
}

Task<Result<std::string>> ChangeWriter::app_password_object(const Bytes& user, const std::string& name) {
  auto address = co_await address_of(user);
  if (address) *address += " " + name;
  co_return address;
}

/// Users are named by their addresses, tokens by their names, as long as they are there.
Task<Result<std::string>> ChangeWriter::object_of(const directory::Change& change) {
  using Kind = directory::Change;
  switch (change.kind_case()) {
    case Kind::kUpdateUser:
      co_return co_await address_of(change.update_user().id());
    case Kind::kRemoveUser:
      co_return co_await address_of(change.remove_user().id());
    case Kind::kSetForwarding:
      co_return co_await address_of(change.set_forwarding().user());
    case Kind::kSetDelegates:
      co_return co_await address_of(change.set_delegates().user());
    case Kind::kSetRole:
      co_return co_await address_of(change.set_role().user());
    case Kind::kAddAppPassword:
      co_return co_await app_password_object(change.add_app_password().password().user(),
                                             change.add_app_password().password().name());
    case Kind::kRemoveAppPassword:
      co_return co_await app_password_object(change.remove_app_password().user(),
                                             change.remove_app_password().name());
    case Kind::kForgetUser: {
      const auto id = UserId::from_bytes(change.forget_user().id());
      const auto record = co_await load<directory::Tombstone>(keys_.tombstone(id.value_or(UserId{})));
      if (!record) co_return tl::unexpected(record.error());
      co_return *record ? (*record)->address() : std::string();
    }
    case Kind::kRemoveToken: {
      const auto record = co_await load<directory::Token>(keys_.token(change.remove_token().id()));
      if (!record) co_return tl::unexpected(record.error());
      co_return *record ? (*record)->name() : std::string();
    }
    default:
      co_return audit_object(change);
  }
}

/// Of somebody who may change nothing but the own account: statistics count such log-ins, and in the log they
/// would push out what matters.
Task<Result<bool>> ChangeWriter::is_own_session(const directory::Change& change) {
  Bytes user = change.add_session().session().user();
  if (change.has_remove_session()) {
    const auto session = co_await load<directory::Session>(keys_.session(change.remove_session().id()));
    if (!session) co_return tl::unexpected(session.error());
    if (*session) user = (*session)->user();
  }
  const auto id = UserId::from_bytes(user);
  if (!id) co_return false;
  const auto record = co_await load<directory::User>(keys_.user(*id));
  if (!record) co_return tl::unexpected(record.error());
  co_return *record && (*record)->role() <= directory::ROLE_USER;
}

Task<Result<std::optional<directory::AuditEntry>>> ChangeWriter::begin_audit(
    const directory::Change& change) {
  const auto verb = audit_verb(change);
  const bool is_noted = change.actor().notes_itself() && !change.has_add_audit();
  const auto is_own = co_await is_own_session(change);
  if (!is_own) co_return tl::unexpected(is_own.error());
  is_left_out_ = *is_own;
  if (verb.empty() || is_noted) co_return std::optional<directory::AuditEntry>();
  directory::AuditEntry entry;
  entry.set_verb(std::string(verb));
  auto object = co_await object_of(change);
  if (!object) co_return tl::unexpected(object.error());
  entry.set_object(shortened(std::move(*object), object_bytes_max));
  auto addresses = co_await addresses_of(change);
  if (!addresses) co_return tl::unexpected(addresses.error());
  addresses_before_ = std::move(*addresses);
  auto before = co_await state_of(change);
  if (!before) co_return tl::unexpected(before.error());
  entry.set_before(std::move(*before));
  co_return std::optional(std::move(entry));
}

Task<Result<void>> ChangeWriter::finish_states(const directory::Change& change,
                                               directory::AuditEntry& entry) {
  if (change.has_add_audit()) {
    entry.set_before(change.add_audit().before());
    entry.set_after(change.add_audit().after());
  } else if (addresses_before_) {
    const auto addresses = co_await addresses_of(change);
    if (!addresses) co_return tl::unexpected(addresses.error());
    auto [before, after] = audit_difference(*addresses_before_, **addresses);
    entry.set_before(std::move(before));
    entry.set_after(std::move(after));
  } else {
    auto after = co_await state_of(change);
    if (!after) co_return tl::unexpected(after.error());
    entry.set_after(std::move(*after));
  }
  entry.set_before(shortened(entry.before(), state_bytes_max));
  entry.set_after(shortened(entry.after(), state_bytes_max));
  co_return Result<void>{};
}

Task<Result<void>> ChangeWriter::finish_audit(const directory::Change& change, directory::AuditEntry entry) {
  if (auto finished = co_await finish_states(change, entry); !finished) co_return finished;
  entry.set_verb(shortened(entry.verb(), verb_bytes_max));
  entry.set_who(shortened(change.actor().who(), object_bytes_max));
  entry.set_address(shortened(change.actor().address(), verb_bytes_max));
  entry.set_node(change.actor().node());
  entry.set_at(now_);
  if (is_left_out_) {
    audited_ = std::move(entry);
    co_return Result<void>{};
  }
  const auto stored = co_await load<directory::AuditBook>(keys_.audit_book());
  if (!stored) co_return tl::unexpected(stored.error());
  directory::AuditBook book = stored->value_or(directory::AuditBook{});
  entry.set_number(book.next());
  builder_.put_fresh(Family::meta, keys_.audit_entry(entry.number()), entry.SerializeAsString());
  book.set_next(book.next() + 1);
  audited_ = std::move(entry);
  if (auto trimmed = co_await trim_audit(book); !trimmed) co_return trimmed;
  co_return co_await put(keys_.audit_book(), book.SerializeAsString());
}

bool ChangeWriter::is_kept(const std::optional<directory::AuditEntry>& oldest, std::uint64_t entries) const {
  const bool old = oldest && oldest->at() < now_ - audit_kept_.age;
  const bool young = oldest && oldest->at() >= now_ - audit_kept_.young;
  return !old && entries <= (young ? audit_kept_.entries_max : audit_kept_.entries);
}

Task<Result<void>> ChangeWriter::trim_audit(directory::AuditBook& book) {
  for (std::uint64_t i = 0; i < trimmed_per_change && book.first() + 1 < book.next(); ++i) {
    const auto oldest = co_await load<directory::AuditEntry>(keys_.audit_entry(book.first()));
    if (!oldest) co_return tl::unexpected(oldest.error());
    if (is_kept(*oldest, book.next() - book.first())) co_return Result<void>{};
    if (auto gone = co_await remove(keys_.audit_entry(book.first())); !gone) co_return gone;
    book.set_first(book.first() + 1);
  }
  co_return Result<void>{};
}

}  // namespace gridmail
