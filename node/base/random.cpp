#include "node/base/random.hpp"

#include <sodium.h>

#include <bit>
#include <cstring>
#include <stdexcept>

#include "node/base/bytes.hpp"

namespace gridmail {

std::uint64_t Random::u64() {
  std::uint64_t value;
  fill(&value, sizeof value);
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Lemire's multiply-shift; the bias is below 2^-32 for the bounds used here.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(u64()) * bound) >> 64);
}

double Random::unit() {
  return static_cast<double>(u64() >> 11) * 0x1.0p-53;
}

std::string draw_password(Random& random) {
  Bytes drawn(15, '\0');
  random.fill(drawn.data(), drawn.size());
  return to_base64url(drawn);
}

SystemRandom::SystemRandom() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
}
void SystemRandom::fill(void* out, std::size_t size) {
  randombytes_buf(out, size);
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& word : state_) {  // splitmix64, as the generator's authors advise
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededRandom::fill(void* out, std::size_t size) {
  auto* bytes = static_cast<char*>(out);
  while (size > 0) {
    const std::uint64_t word = next();
    const std::size_t take = size < sizeof word ? size : sizeof word;
    std::memcpy(bytes, &word, take);
    bytes += take;
    size -= take;
  }
}

}  // namespace gridmail
