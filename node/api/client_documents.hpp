// What mail programs read to set themselves up: Thunderbird's autoconfig, Outlook's autodiscover, Apple's
// configuration profile. Pure. Whatever comes from outside is escaped.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "node/api/client_control.hpp"

namespace gridmail::api {

/// Characters that XML 1.0 does not have are left out, those that mean something become entities.
[[nodiscard]] std::string xml_escaped(std::string_view text);

/// Thunderbird's config-v1.1.xml: the user's name is the whole address, which the program fills in.
[[nodiscard]] std::string autoconfig_document(const ClientSettings& settings);

/// The "plain old XML" of [MS-OXDSCLI] 2.2.4, with the settings of IMAP, POP3 and SMTP.
[[nodiscard]] std::string autodiscover_document(const ClientSettings& settings, std::string_view address);
/// The same format's refusal; 500: no such address, 600: a request that cannot be understood.
[[nodiscard]] std::string autodiscover_error(unsigned code, std::string_view message);

/// A property list for macOS and iOS. The same address gets the same identifiers, so that a profile replaces
/// the one before. POP3 is in it only where there is no IMAP: the mailbox is to be the same on all of the
/// user's devices. Nothing where mail can only be read, or only sent: a profile has both.
[[nodiscard]] std::optional<std::string> mobileconfig_document(const ClientSettings& settings,
                                                               std::string_view address);

}  // namespace gridmail::api
