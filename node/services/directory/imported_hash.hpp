// What other mail servers keep of their users' passwords, as Dovecot writes it: "{SCHEME}text". Pure.
#pragma once
#include <string>
#include <string_view>

#include "node/base/result.hpp"

namespace gridmail {

/// Taken are the schemes of crypt(3): CRYPT, SHA512-CRYPT, SHA256-CRYPT, MD5-CRYPT, BLF-CRYPT; ARGON2ID and
/// ARGON2I; digests with and without salt: SHA, SSHA, SHA256, SSHA256, SHA512, SSHA512, PLAIN-MD5, LDAP-MD5
/// and SMD5; PLAIN and CLEARTEXT. A digest is base64 or hex, as it looks or as the scheme's ".b64" or ".hex"
/// says. Without a scheme: a hash of crypt(3) or Argon2 by its "$kind$".
struct ImportedSecret {
  /// A password, or a hash in the one form of its kind: "{CRYPT}$…", "$argon2…$…", "{SSHA256}" and base64.
  std::string text;
  bool is_password = false;
};

/// Errors: invalid (another scheme, or no hash of that scheme, or one too costly to verify). The error does
/// not repeat the secret.
[[nodiscard]] Result<ImportedSecret> read_imported_secret(std::string_view text);

/// Whether the password fits a hash that read_imported_secret() gave, other than Argon2. False for any other
/// text.
[[nodiscard]] bool fits_imported_hash(const std::string& hash, const std::string& password);

}  // namespace gridmail
