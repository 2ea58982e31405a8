// What the audit log says of changes and records: short, and never a secret. Pure.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/directory/directory.pb.h"
#include "storage/directory/directory_change.pb.h"

namespace gridmail {

/// Such as "user add", as the command line would say it; empty: the grid's own housekeeping, of which the log
/// says nothing.
[[nodiscard]] std::string_view audit_verb(const directory::Change& change);
/// Whom or what a change is about, as far as the change itself says so.
[[nodiscard]] std::string audit_object(const directory::Change& change);

/// `delegates`: the user's, by their addresses.
[[nodiscard]] std::string audit_text(const directory::User& user, const std::vector<std::string>& delegates);
[[nodiscard]] std::string audit_text(const directory::Domain& domain);
[[nodiscard]] std::string audit_text(const directory::MemberList& list);
[[nodiscard]] std::string audit_text(const directory::DkimKey& key);
[[nodiscard]] std::string audit_text(const directory::Token& token);
[[nodiscard]] std::string audit_text(const directory::AppPassword& password);
[[nodiscard]] std::string audit_text(const directory::JoinToken& token);
[[nodiscard]] std::string audit_text(const directory::Route& route);
[[nodiscard]] std::string audit_text(const directory::Certificate& certificate);

/// What a record has so many of that the log says only which come and go.
struct AuditAddresses {
  std::string_view name;
  std::set<std::string> all;
  std::string rest;  ///< what else a change of them says; empty: nothing
};
/// Before and after, such as "members=40 removed=a@x.org,b@x.org" and "members=41 added=c@x.org".
[[nodiscard]] std::pair<std::string, std::string> audit_difference(const AuditAddresses& before,
                                                                   const AuditAddresses& after);

/// Without control characters, and cut between two characters of UTF-8 where it is longer.
[[nodiscard]] std::string shortened(std::string text, std::size_t bytes_max);

}  // namespace gridmail
