// The Random port: all chance in grid code comes through it, so that a simulation replays exactly.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace gridmail {

/// A source of random bytes. The production binding is thread-safe; the simulated one belongs to one thread.
class Random {
 public:
  virtual ~Random() = default;
  /// Writes `size` random bytes.
  virtual void fill(void* out, std::size_t size) = 0;

  [[nodiscard]] std::uint64_t u64();
  /// Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  [[nodiscard]] double unit();
  [[nodiscard]] bool chance(double probability) { return unit() < probability; }
};

/// 120 bits for people to copy, as base64url.
[[nodiscard]] std::string draw_password(Random& random);

/// Production: libsodium's generator.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(void* out, std::size_t size) override;
};

/// Simulation: xoshiro256** from a seed (Blackman and Vigna, 2018). Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(void* out, std::size_t size) override;

 private:
  std::uint64_t next();
  std::uint64_t state_[4];
};

}  // namespace gridmail
