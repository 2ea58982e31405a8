// What becomes of a store in whose tables something cannot be read: at the next start everything that can be
// read is copied into a new one, slot by slot, which then takes the old one's place. What could not be read
// is named in the new store (lost_key): the copies of those slots are filled again from the other nodes'.
//
// It is done in steps, each of which may be repeated; a file in the store's folder says which is next.
#pragma once
#include <filesystem>
#include <vector>

#include "node/base/lost_key.hpp"
#include "node/base/result.hpp"
#include "storage/local/rocksdb_store.hpp"

namespace gridmail {

/// The store is to be salvaged at its next start. Durable when this returns; may be called while it is open.
/// Errors: io.
[[nodiscard]] Result<void> mark_damaged(const std::filesystem::path& folder);
[[nodiscard]] bool is_marked_damaged(const std::filesystem::path& folder);

/// Does what the mark asks for; the store must be closed. Needs as much free space as the store takes.
/// Errors: corrupted (what cannot be read is not slots' data: the node's own records), no_space, io. Sets
/// `suspect` when the log had to be cut before damage.
[[nodiscard]] Result<void> salvage_store(const StoreOptions& options, bool& suspect);

/// Where the store lies: first `options.folder`, then one for each family.
[[nodiscard]] std::vector<std::filesystem::path> folders_of(const StoreOptions& options);
[[nodiscard]] std::filesystem::path folder_of(const StoreOptions& options, Family family);

}  // namespace gridmail
