#include "storage/local/rocksdb_store.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <future>

#include "storage/local/rocksdb_options.hpp"
#include "storage/local/store_header.hpp"
#include "tests/unit/local/store_fixture.hpp"

using namespace gridmail;
using namespace gridmail::test;

TEST_CASE("what was committed is read back, from every family") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  for (const auto family : {Family::meta, Family::body, Family::log, Family::node}) {
    put(*store, family, "key", Bytes(100'000, 'x'));
    CHECK(get(*store, family, "key") == Bytes(100'000, 'x'));
    CHECK(get(*store, family, "other") == std::nullopt);
  }
}

TEST_CASE("within a batch and between batches the later write of a key wins") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  Batch batch;
  batch.put(Family::meta, "a", "1");
  batch.remove(Family::meta, "a");
  batch.put(Family::meta, "a", "2");
  batch.put(Family::meta, "b", "1");
  REQUIRE(commit(*store, std::move(batch)).has_value());
  CHECK(get(*store, Family::meta, "a") == "2");

  std::promise<void> last;
  for (int i = 0; i <= 1000; ++i) {
    Batch next;
    next.put(Family::meta, "b", std::to_string(i));
    store->commit(std::move(next), [&, i](Result<void> result) {
      CHECK(result.has_value());
      if (i == 1000) last.set_value();
    });
  }
  last.get_future().wait();
  CHECK(get(*store, Family::meta, "b") == "1000");
}

TEST_CASE("a snapshot does not see later writes") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  put(*store, Family::meta, "key", "before");
  const auto view = store->snapshot();
  put(*store, Family::meta, "key", "after");
  put(*store, Family::meta, "new", "value");
  CHECK(*run_task(view->get(Family::meta, "key")) == "before");
  CHECK(run_task(view->scan(Family::meta, "", "", 10, 1000))->pairs.size() == 1);
  CHECK(get(*store, Family::meta, "key") == "after");
}

TEST_CASE("a range is removed up to, not including, its end; a reversed one is empty") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  for (const auto* key : {"a", "b", "c", "d"}) put(*store, Family::log, key, "x");
  Batch batch;
  batch.remove_range(Family::log, "b", "d");
  batch.remove_range(Family::log, "z", "a");
  REQUIRE(commit(*store, std::move(batch)).has_value());
  CHECK(get(*store, Family::log, "a").has_value());
  CHECK_FALSE(get(*store, Family::log, "b").has_value());
  CHECK_FALSE(get(*store, Family::log, "c").has_value());
  CHECK(get(*store, Family::log, "d").has_value());
}

TEST_CASE("a scan gives pages in key order within its bounds and limits") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  Batch batch;
  for (int i = 0; i < 100; ++i) batch.put(Family::meta, fmt::format("k{:02}", i), Bytes(10, 'v'));
  REQUIRE(commit(*store, std::move(batch)).has_value());
  const auto view = store->snapshot();

  const auto page = run_task(view->scan(Family::meta, "k10", "k20", 100, 100'000));
  REQUIRE(page.has_value());
  CHECK(page->pairs.size() == 10);
  CHECK(page->pairs.front().key == "k10");
  CHECK(page->pairs.back().key == "k19");
  CHECK_FALSE(page->more);

  const auto by_pairs = run_task(view->scan(Family::meta, "k10", "k20", 10, 100'000));
  CHECK_FALSE(by_pairs->more);
  const auto by_fewer = run_task(view->scan(Family::meta, "k10", "", 3, 100'000));
  CHECK(by_fewer->pairs.size() == 3);
  CHECK(by_fewer->more);
  const auto by_bytes = run_task(view->scan(Family::meta, "", "", 100, 1));
  CHECK(by_bytes->pairs.size() == 1);
  CHECK(by_bytes->more);
  CHECK(run_task(view->scan(Family::meta, "k20", "k10", 100, 100))->pairs.empty());
}

TEST_CASE("the last pair of a range is found, or nothing") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  for (const auto* key : {"a1", "a2", "b1"}) put(*store, Family::meta, key, key);
  const auto view = store->snapshot();
  CHECK((*run_task(view->last(Family::meta, "a", "b")))->key == "a2");
  CHECK((*run_task(view->last(Family::meta, "a", "")))->key == "b1");
  CHECK_FALSE(run_task(view->last(Family::meta, "c", "d"))->has_value());
  CHECK_FALSE(run_task(view->last(Family::meta, "a3", "b"))->has_value());
}

TEST_CASE("what is no longer in memory is read from disk") {
  const TemporaryFolder folder;
  auto options = store_options(folder.path());
  options.tuning.cache_bytes = 1 << 20;
  options.tuning.write_buffers_bytes = 256 << 10;  // so that most of it is flushed
  {
    const auto store = open_store(options);
    for (int i = 0; i < 200; ++i)
      put(*store, Family::body, fmt::format("k{:03}", i), Bytes(10'000, static_cast<char>('a' + i % 26)));
  }
  const auto store = open_store(options);
  for (int i = 0; i < 200; ++i) {
    CHECK(get(*store, Family::body, fmt::format("k{:03}", i)) ==
          Bytes(10'000, static_cast<char>('a' + i % 26)));
  }
  const auto view = store->snapshot();
  const auto page = run_task(view->scan(Family::body, "", "", 1000, 100'000'000));
  REQUIRE(page.has_value());
  CHECK(page->pairs.size() == 200);
  CHECK(run_task(view->last(Family::body, "", ""))->value().key == "k199");
}

namespace {
/// What the log holds becomes a table file of its own, newer than those before.
void flush(const StoreOptions& options) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, {}}};
  for (const auto family : all_families) {
    const auto folder = options.folder / std::string(name_of(family));
    families.emplace_back(std::string(name_of(family)),
                          family_options(family, folder, options.tuning, rocksdb::NewLRUCache(1 << 20)));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(database_options(options.tuning), options.folder.string(), families,
                                        &handles, &opened);
  REQUIRE(status.ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  CHECK(db->Flush({}, handles).ok());
  for (auto* const handle : handles) CHECK(db->DestroyColumnFamilyHandle(handle).ok());
}
}  // namespace

TEST_CASE("what was written after a range was removed is found, whatever is in memory") {
  const TemporaryFolder folder;
  const auto options = store_options(folder.path());
  const auto write = [&](const auto& change) {
    Batch batch;
    change(batch);
    REQUIRE(commit(*open_store(options), std::move(batch)).has_value());
    flush(options);
  };
  write([](Batch& batch) {
    batch.put(Family::meta, "a", "in one block with the next");
    batch.put(Family::meta, "k1", "old");
  });
  write([](Batch& batch) { batch.remove_range(Family::meta, "k0", "k2"); });
  write([](Batch& batch) { batch.put(Family::meta, "k1", "new"); });

  const auto store = open_store(options);
  CHECK(get(*store, Family::meta, "a").has_value());  // in memory now, and the newest file is not
  const auto view = store->snapshot();
  SUBCASE("forwards") {
    const auto page = run_task(view->scan(Family::meta, "k", "l", 10, 1000));
    REQUIRE(page.has_value());
    REQUIRE(page->pairs.size() == 1);
    CHECK(page->pairs.front().value == "new");
  }
  SUBCASE("backwards") {
    const auto last = run_task(view->last(Family::meta, "k", "l"));
    REQUIRE(last.has_value());
    REQUIRE(last->has_value());
    CHECK((*last)->value == "new");
  }
}

TEST_CASE("each of many keys gets its own answer, in order, from memory and from disk") {
  const TemporaryFolder folder;
  auto options = store_options(folder.path());
  options.tuning.write_buffers_bytes = 256 * 1024;
  const auto store = open_store(options);
  const auto name = [](int i) { return fmt::format("{:03}", i); };
  for (int i = 0; i < 100; i += 2) put(*store, Family::body, name(i), name(i) + Bytes(20'000, 'x'));

  std::vector<Bytes> keys;
  for (int i = 99; i >= 0; --i) keys.push_back(name(i));
  const auto values = run_task(store->snapshot()->get_each(Family::body, keys));
  REQUIRE(values.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool is_there = i % 2 == 1;
    REQUIRE(values[i].has_value());
    REQUIRE(values[i]->has_value() == is_there);
    if (is_there) CHECK((*values[i])->substr(0, 3) == keys[i]);
  }
  CHECK(run_task(store->snapshot()->get_each(Family::body, {})).empty());
}

TEST_CASE("each family can have a folder of its own") {
  const TemporaryFolder folder;
  auto options = store_options(folder.path());
  options.family_folders[Family::body] = folder.path() / "slow disk";
  options.tuning.write_buffers_bytes = 64 << 10;
  const auto store = open_store(options);
  for (int i = 0; i < 100; ++i) put(*store, Family::body, std::to_string(i), Bytes(10'000, 'x'));
  CHECK_FALSE(std::filesystem::is_empty(folder.path() / "slow disk"));
}

TEST_CASE("a store that is in use is refused with a clear error") {
  const TemporaryFolder folder;
  const auto store = open_store(store_options(folder.path()));
  const auto second = RocksDbStore::open(store_options(folder.path()));
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().text.find("already in use") != std::string::npos);
}

TEST_CASE("the store of another node is refused, with both names") {
  const TemporaryFolder folder;
  open_store(store_options(folder.path())).reset();
  auto options = store_options(folder.path());
  options.node = *NodeId::from_bytes("another node's 1");
  const auto refused = RocksDbStore::open(options);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::denied);
  CHECK(refused.error().text.find(this_node.hex()) != std::string::npos);
  CHECK(refused.error().text.find(options.node.hex()) != std::string::npos);
}

TEST_CASE("a store of a newer format is refused and left alone") {
  const TemporaryFolder folder;
  {
    const auto store = open_store(store_options(folder.path()));
    put(*store, Family::node, store_header_key(),
        encode_store_header(this_node, 0, store_format_version + 1));
  }
  const auto refused = RocksDbStore::open(store_options(folder.path()));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::unsupported);
  CHECK(refused.error().text.find("newer") != std::string::npos);
}

TEST_CASE("the first half of the reserve is not the second") {
  const TemporaryFolder folder;
  auto options = store_options(folder.path());
  options.space_floor_bytes = 0;
  const auto free = open_store(options)->bytes_free();
  options.space_reserve_bytes = free / 2;
  CHECK_FALSE(open_store(options)->low_space());
  options.space_reserve_bytes = free + free / 2;
  {
    const auto store = open_store(options);
    CHECK(store->low_space());
    CHECK_FALSE(store->very_low_space());
  }
  options.space_reserve_bytes = 4 * free;
  CHECK(open_store(options)->very_low_space());
}

TEST_CASE("below the floor of free space nothing is written, and the node must stop") {
  const TemporaryFolder folder;
  auto options = store_options(folder.path());
  options.space_floor_bytes = std::uint64_t{1} << 60;
  options.space_reserve_bytes = std::uint64_t{1} << 60;
  bool failed = false;
  options.on_disk_failure = [&](const Error&) { failed = true; };
  const auto store = open_store(options);
  CHECK(store->low_space());
  CHECK(store->very_low_space());
  Batch batch;
  batch.put(Family::meta, "a", "1");
  const auto result = commit(*store, std::move(batch));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::no_space);
  CHECK(failed);
  CHECK(get(*store, Family::meta, "a") == std::nullopt);
}
