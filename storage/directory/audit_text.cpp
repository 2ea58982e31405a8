#include "storage/directory/audit_text.hpp"

#include <algorithm>
#include <iterator>

#include "node/base/bytes.hpp"
#include "node/base/date.hpp"
#include "node/base/ids.hpp"
#include "storage/directory/role_names.hpp"

namespace gridmail {
namespace {

constexpr std::string_view cut_mark = "…";

/// "a=1 b=2": parts with a space between.
void add(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty()) text += ' ';
  text += name;
  text += '=';
  text += value;
}

template <class Strings>
std::string joined(const Strings& strings) {
  std::string text;
  for (const auto& each : strings) {
    if (!text.empty()) text += ',';
    text += each;
  }
  return text;
}

/// What a newer version may write is no right here.
std::string_view name_of(directory::Role role) {
  const auto index = static_cast<std::size_t>(role - directory::ROLE_USER);
  return index < role_names.size() ? role_names[index] : role_names.front();
}

/// What one side has, and of it what the other has not.
std::string side_of(const AuditAddresses& side, std::string_view verb, const AuditAddresses& other) {
  std::string text;
  add(text, side.name, std::to_string(side.all.size()));
  std::vector<std::string> alone;
  std::set_difference(side.all.begin(), side.all.end(), other.all.begin(), other.all.end(),
                      std::back_inserter(alone));
  if (!side.rest.empty()) text += " " + side.rest;
  if (!alone.empty()) add(text, verb, joined(alone));
  return text;
}

std::string_view verb_of_update(const directory::UpdateUser& update) {
  if (update.expected_version() != 0) return "";  // the same password, hashed anew
  return update.has_password_hash() ? "user passwd" : "user change";
}

std::string_view verb_of_state(directory::DkimKey::State state) {
  return state == directory::DkimKey::ACTIVE ? "dkim activate" : "dkim retire";
}

}  // namespace

std::string_view audit_verb(const directory::Change& change) {
  using Kind = directory::Change;
  switch (change.kind_case()) {
    case Kind::kAddDomain:
      return "domain add";
    case Kind::kRemoveDomain:
      return "domain remove";
    case Kind::kSetCatchAll:
      return "domain catch-all";
    case Kind::kAddUser:
      return "user add";
    case Kind::kUpdateUser:
      return verb_of_update(change.update_user());
    case Kind::kRemoveUser:
      return "user remove";
    case Kind::kForgetUser:
      return "user forget";
    case Kind::kSetForwarding:
      return "user forward";
    case Kind::kSetDelegates:
      return "user delegate";
    case Kind::kAddAlias:
      return change.add_alias().replace() ? "alias set" : "alias add";
    case Kind::kRemoveAlias:
      return "alias remove";
    case Kind::kSetPostmaster:
      return "grid settings postmaster";
    case Kind::kSetLimits:
      return "grid settings limits";
    case Kind::kPutAdmin:
      return change.put_admin().replace() ? "admin passwd" : "admin add";
    case Kind::kRemoveAdmin:
      return "admin remove";
    case Kind::kAddToken:
      return "token add";
    case Kind::kRemoveToken:
      return "token remove";
    case Kind::kAddJoinToken:
      return "node join-token";
    case Kind::kUseJoinToken:
      return "node join";
    case Kind::kRemoveJoinToken:
      return "join-token remove";
    case Kind::kSetRoute:
      return "route set";
    case Kind::kRemoveRoute:
      return "route remove";
    case Kind::kPutCertificate:
      return change.put_certificate().expected_version() == 0 ? "certificate set" : "";
    case Kind::kRemoveCertificate:
      return "certificate remove";
    case Kind::kAddList:
      return "list add";
    case Kind::kChangeList:
      return "list change";
    case Kind::kRemoveList:
      return "list remove";
    case Kind::kAddDkimKey:
      return "dkim add";
    case Kind::kSetDkimKeyState:
      return verb_of_state(change.set_dkim_key_state().state());
    case Kind::kRemoveDkimKey:
      return "dkim remove";
    case Kind::kSetRole:
      return "user role";
    case Kind::kAddAppPassword:
      return "user app-password add";
    case Kind::kRemoveAppPassword:
      return "user app-password remove";
    case Kind::kAddSession:
      return "session begin";
    case Kind::kRemoveSession:
      return "session end";
    case Kind::kAddAudit:
      return change.add_audit().verb();
    default:
      return "";
  }
}

std::string audit_object(const directory::Change& change) {
  using Kind = directory::Change;
  switch (change.kind_case()) {
    case Kind::kAddDomain:
      return change.add_domain().name();
    case Kind::kRemoveDomain:
      return change.remove_domain().name();
    case Kind::kSetCatchAll:
      return change.set_catch_all().domain();
    case Kind::kAddUser:
      return change.add_user().address();
    case Kind::kAddAlias:
      return change.add_alias().alias();
    case Kind::kRemoveAlias:
      return change.remove_alias().alias();
    case Kind::kPutAdmin:
      return change.put_admin().name();
    case Kind::kRemoveAdmin:
      return change.remove_admin().name();
    case Kind::kAddToken:
      return change.add_token().name();
    case Kind::kUseJoinToken:
      return to_hex(change.use_join_token().node());
    case Kind::kRemoveJoinToken:
      return to_hex(change.remove_join_token().id());
    case Kind::kSetRoute:
      return change.set_route().route().domain();
    case Kind::kRemoveRoute:
      return change.remove_route().domain();
    case Kind::kPutCertificate:
      return change.put_certificate().certificate().name();
    case Kind::kRemoveCertificate:
      return change.remove_certificate().name();
    case Kind::kAddList:
      return change.add_list().address();
    case Kind::kChangeList:
      return change.change_list().address();
    case Kind::kRemoveList:
      return change.remove_list().address();
    case Kind::kAddDkimKey:
      return change.add_dkim_key().key().domain() + " " + change.add_dkim_key().key().selector();
    case Kind::kSetDkimKeyState:
      return change.set_dkim_key_state().domain() + " " + change.set_dkim_key_state().selector();
    case Kind::kRemoveDkimKey:
      return change.remove_dkim_key().domain() + " " + change.remove_dkim_key().selector();
    case Kind::kAddAudit:
      return change.add_audit().object();
    default:
      return {};
  }
}

std::string audit_text(const directory::User& user, const std::vector<std::string>& delegates) {
  std::string text;
  add(text, "role", name_of(user.role()));
  add(text, "log-in", user.can_log_in() ? "yes" : "no");
  if (user.forward_to_size() > 0) {
    add(text, "forward", joined(user.forward_to()));
    add(text, "keep", user.forward_only() ? "no" : "yes");
  }
  if (!delegates.empty()) add(text, "delegates", joined(delegates));
  return text;
}

std::string audit_text(const directory::Domain& domain) {
  std::string text;
  if (!domain.alias_of().empty()) add(text, "alias-of", domain.alias_of());
  add(text, "catch-all", domain.catch_all().empty() ? "none" : domain.catch_all());
  return text;
}

std::string audit_text(const directory::MemberList& list) {
  std::string text;
  add(text, "members", joined(list.members()));
  return text;
}

std::string audit_text(const directory::DkimKey& key) {
  std::string text;
  add(text, "algorithm", key.algorithm() == directory::DkimKey::ED25519 ? "ed25519" : "rsa");
  add(text, "state",
      key.state() == directory::DkimKey::ACTIVE    ? "active"
      : key.state() == directory::DkimKey::RETIRED ? "retired"
                                                   : "published");
  return text;
}

std::string audit_text(const directory::Token& token) {
  std::string text;
  add(text, "role", token.role() == directory::ROLE_UNSET ? "admin" : name_of(token.role()));
  add(text, "expires", token.expires() == 0 ? "never" : rfc3339(token.expires()));
  return text;
}

std::string audit_text(const directory::AppPassword& password) {
  std::string text;
  add(text, "protocols", joined(password.protocols()));
  return text;
}

std::string audit_text(const directory::JoinToken& token) {
  std::string text;
  add(text, "expires", rfc3339(token.expires()));
  if (token.used() != 0) add(text, "used-by", to_hex(token.used_by()));
  return text;
}

std::string audit_text(const directory::Route& route) {
  std::string via = "mx";
  if (route.kind() != directory::Route::MX) {
    via = route.kind() == directory::Route::SMTP ? "smtp:" : "lmtp:";
    via += route.host() + ":" + std::to_string(route.port());
  }
  std::string text;
  add(text, "via", via);
  add(text, "tls", route.tls_required() ? "required" : "opportunistic");
  return text;
}

std::string audit_text(const directory::Certificate& certificate) {
  std::string text;
  add(text, "chain", to_hex(blake2b(certificate.chain(), 16).substr(0, 8)));
  add(text, "set", rfc3339(certificate.created()));
  return text;
}

std::pair<std::string, std::string> audit_difference(const AuditAddresses& before,
                                                     const AuditAddresses& after) {
  return {side_of(before, "removed", after), side_of(after, "added", before)};
}

std::string shortened(std::string text, std::size_t bytes_max) {
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  }
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max - cut_mark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text.append(cut_mark);
}

}  // namespace gridmail
