// A store in a temporary folder, and writes that wait.
#pragma once
#include <doctest/doctest.h>

#include "storage/local/rocksdb_store.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"

namespace gridmail::test {

inline const NodeId this_node = *NodeId::from_bytes("0123456789abcdef");

inline StoreOptions store_options(const std::filesystem::path& folder) {
  StoreOptions options;
  options.folder = folder / "store";
  options.node = this_node;
  options.space_floor_bytes = 0;
  return options;
}

inline std::unique_ptr<RocksDbStore> open_store(StoreOptions options) {
  auto store = RocksDbStore::open(std::move(options));
  if (!store) FAIL(store.error().text);
  return std::move(*store);
}

inline Result<void> commit(RocksDbStore& store, Batch batch) {
  return run_task(static_cast<Store&>(store).commit(std::move(batch)));
}

inline void put(RocksDbStore& store, Family family, Bytes key, Bytes value) {
  Batch batch;
  batch.put(family, std::move(key), std::move(value));
  REQUIRE(commit(store, std::move(batch)).has_value());
}

inline std::optional<Bytes> get(RocksDbStore& store, Family family, Bytes key) {
  const auto value = run_task(store.get(family, std::move(key)));
  REQUIRE(value.has_value());
  return *value;
}

}  // namespace gridmail::test
