// Makes a node's store one that a newer program wrote, for tests/integration/start_test.py.
// Usage: newer_store FOLDER NODE-ID
#include <cstdio>

#include "storage/local/rocksdb_store.hpp"
#include "storage/local/store_header.hpp"
#include "tests/support/run_task.hpp"

int main(int count, char** arguments) {
  using namespace gridmail;
  const auto node = count == 3 ? NodeId::from_hex(arguments[2]) : std::nullopt;
  if (!node) return 2;
  StoreOptions options;
  options.folder = arguments[1];
  options.node = *node;
  const auto store = RocksDbStore::open(options);
  if (!store) {
    std::fprintf(stderr, "newer_store: %s\n", store.error().text.c_str());
    return 1;
  }
  Batch batch;
  batch.put(Family::node, store_header_key(), encode_store_header(*node, 0, store_format_version + 1));
  return test::run_task(static_cast<Store&>(**store).commit(std::move(batch))) ? 0 : 1;
}
