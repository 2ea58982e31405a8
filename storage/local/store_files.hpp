// Whether what lies in a store's folders is a store, or none yet. RocksDB itself begins a new one wherever
// its list of files cannot be found, and removes what it does not know: a node would come back without its
// votes, and take its mail for none.
#pragma once
#include <string>

#include "node/base/result.hpp"
#include "storage/local/rocksdb_store.hpp"

namespace gridmail {

/// Fine for a new store and for one whose file CURRENT names a list of files that is there. Errors: corrupted
/// when there are a store's files without. Touches nothing.
[[nodiscard]] Result<void> check_store_files(const StoreOptions& options);

/// What an admin can do about a store that cannot be read at all.
[[nodiscard]] std::string advice_for_unreadable(const StoreOptions& options);

}  // namespace gridmail
