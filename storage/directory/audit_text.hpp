// What the audit log says of changes and records: short, and never a secret. Pure.
#pragma once
#include <string>
#include <string_view>
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

/// Without control characters, and cut between two characters of UTF-8 where it is longer.
[[nodiscard]] std::string shortened(std::string text, std::size_t bytes_max);

}  // namespace gridmail
