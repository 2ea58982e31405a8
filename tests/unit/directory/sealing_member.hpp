// A member with a key of its own, to which secrets can be sealed.
#pragma once
#include <sodium.h>

#include "gossip/register/map.hpp"
#include "node/base/random.hpp"

namespace gridmail::test {

struct SealingMember {
  explicit SealingMember(Random& random) : seed(32, '\0') {
    random.fill(seed.data(), seed.size());
    Bytes public_key(crypto_sign_PUBLICKEYBYTES, '\0'), secret(crypto_sign_SECRETKEYBYTES, '\0');
    crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                             reinterpret_cast<unsigned char*>(secret.data()),
                             reinterpret_cast<const unsigned char*>(seed.data()));
    member.public_key = public_key;
    Bytes id(16, '\0');
    random.fill(id.data(), id.size());
    member.id = *NodeId::from_bytes(id);
  }
  Bytes seed;
  Member member;
};

}  // namespace gridmail::test
