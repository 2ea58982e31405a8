// A range of keys in a store.
#pragma once
#include "node/base/bytes.hpp"

namespace gridmail {

/// [first, last).
struct KeyRange {
  Bytes first;
  Bytes last;
};

}  // namespace gridmail
