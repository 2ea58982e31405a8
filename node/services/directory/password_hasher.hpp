// PasswordHasher: Argon2id by libsodium, on a worker pool, a few at once. Verifies imported hashes too.
#pragma once
#include <string>

#include "node/base/random.hpp"
#include "node/runtime/allowance.hpp"
#include "node/runtime/worker_pool.hpp"

namespace gridmail {

/// libsodium's "interactive" limits unless told otherwise.
struct PasswordCost {
  unsigned long long operations = 2;
  std::size_t memory_bytes = 64 << 20;
};

/// Thread-safe; must outlive its calls. Memory: at_once_max times the cost's.
class PasswordHasher {
 public:
  struct Settings {
    PasswordCost cost;
    std::size_t at_once_max = 2;
    std::size_t waiting_max = 512;  ///< more are refused with busy
  };
  /// Without a pool it computes where it is called: for tests and the simulator.
  PasswordHasher(Random& random, WorkerPool* pool, Settings settings);

  /// "$argon2id$v=19$m=…,t=…,p=1$salt$hash". Errors: busy, invalid (longer than 1 KiB, or
  /// with a control character).
  [[nodiscard]] Task<Result<std::string>> hash(std::string password);
  /// `hash`: one of hash()'s, or an imported one (imported_hash.hpp). False also for any other. Errors: busy.
  /// Those of rank `common` wait for the preferred ones.
  [[nodiscard]] Task<Result<bool>> verify(std::string hash, std::string password,
                                          Allowance::Rank rank = Allowance::Rank::preferred);
  /// Whether hash() would give another kind or cost now: to be replaced when the password is known.
  [[nodiscard]] bool is_old(const std::string& hash) const;
  /// A hash that no password fits: verifying against it takes as long as against a user's.
  [[nodiscard]] const std::string& nobodys_hash() const { return nobodys_hash_; }

 private:
  [[nodiscard]] std::string draw_salt();

  Random& random_;
  WorkerPool* pool_;
  Settings settings_;
  Allowance slots_;
  std::string nobodys_hash_;
};

}  // namespace gridmail
