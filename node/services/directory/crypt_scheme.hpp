// Password hashes of crypt(3), as they come with users from other mail servers: "{CRYPT}$6$salt$hash". Pure.
#pragma once
#include <string>
#include <string_view>

namespace gridmail {

/// Whether it is such a hash of a kind and cost that is taken: $1$ (MD5), $2a$, $2b$, $2y$ (bcrypt), $5$, $6$
/// (SHA-2), $y$ (yescrypt), $7$ (scrypt). The kind without a name, DES, looks at eight characters only.
[[nodiscard]] bool is_crypt_hash(std::string_view text);

/// Whether the password fits. False for what is_crypt_hash() refuses. Takes as long as the hash says:
/// milliseconds to a second.
[[nodiscard]] bool fits_crypt_hash(const std::string& hash, const std::string& password);

}  // namespace gridmail
