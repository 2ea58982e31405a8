// What is left after a process died without closing its store, and after its log was damaged.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "storage/local/store_salvage.hpp"
#include "tests/unit/local/store_fixture.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

/// Commits `count` records one by one in a child process that then dies without any clean-up.
void write_and_die(const std::filesystem::path& folder, int count, int first = 0) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto store = RocksDbStore::open(store_options(folder));
    if (!store) ::_exit(1);
    for (int i = first; i < first + count; ++i) {
      Batch batch;
      batch.put(Family::meta, fmt::format("k{:04}", i), Bytes(1000, 'v'));
      if (!commit(**store, std::move(batch))) ::_exit(2);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}

std::filesystem::path newest_log(const std::filesystem::path& folder) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store")) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  return newest;
}

void damage_newest_log(const std::filesystem::path& folder) {
  std::fstream log(newest_log(folder), std::ios::in | std::ios::out | std::ios::binary);
  log.seekp(20'500);
  log.write("damage", 6);
}

void damage_last_page(const std::filesystem::path& folder) {
  const auto path = newest_log(folder);
  std::fstream log(path, std::ios::in | std::ios::out | std::ios::binary);
  log.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path)) - 4096);
  log << std::string(4096, '\xff');
}

void cut_last_page(const std::filesystem::path& folder) {
  const auto log = newest_log(folder);
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 4096);
}

/// What a crash in the middle of a write leaves: the begin of a record.
void tear_newest_log(const std::filesystem::path& folder) {
  const auto path = newest_log(folder);
  std::string begin(20, '\0');
  std::ifstream(path, std::ios::binary).read(begin.data(), static_cast<std::streamsize>(begin.size()));
  std::ofstream(path, std::ios::binary | std::ios::app) << begin;
}

std::size_t count_records(RocksDbStore& store) {
  return run_task(store.snapshot()->scan(Family::meta, "", "", 100'000, 100'000'000))->pairs.size();
}

}  // namespace

TEST_CASE("acknowledged writes are there after the process died") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  const auto store = open_store(store_options(folder.path()));
  CHECK(count_records(*store) == 50);
  CHECK_FALSE(store->suspect());
}

TEST_CASE("a torn end of the log is normal") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  tear_newest_log(folder.path());
  const auto store = open_store(store_options(folder.path()));
  CHECK(count_records(*store) == 50);
  CHECK_FALSE(store->suspect());
}

TEST_CASE(
    "an end of the log that was synced and cannot be read makes the store suspect, until it writes again") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  SUBCASE("bytes of the last page have turned") {
    damage_last_page(folder.path());
  }
  SUBCASE("the last page is missing") {
    cut_last_page(folder.path());
  }
  std::size_t left = 0;
  for (int start = 1; start <= 2; ++start) {
    const auto store = open_store(store_options(folder.path()));
    CHECK(store->suspect());
    left = count_records(*store);
    CHECK(left > 40);
    CHECK(left < 50);
  }
  {
    const auto store = open_store(store_options(folder.path()));
    put(*store, Family::meta, "conclusion", "lost something");
  }
  const auto store = open_store(store_options(folder.path()));
  CHECK_FALSE(store->suspect());
  CHECK(count_records(*store) == left + 1);
}

TEST_CASE("a store that is salvaged says as well that the end of its log is missing") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  cut_last_page(folder.path());
  REQUIRE(mark_damaged(folder.path() / "store").has_value());
  {
    const auto store = open_store(store_options(folder.path()));
    CHECK(store->suspect());
    put(*store, Family::meta, "conclusion", "lost something");
  }
  CHECK_FALSE(open_store(store_options(folder.path()))->suspect());
}

TEST_CASE("a store without the mark of what was synced believes its log") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  cut_last_page(folder.path());
  const auto mark = folder.path() / "store" / "SYNCED";
  REQUIRE(std::filesystem::file_size(mark) == 16);
  SUBCASE("gone") {
    std::filesystem::remove(mark);
  }
  SUBCASE("damaged") {
    std::ofstream(mark) << "0123456789abcdef";
  }
  CHECK_FALSE(open_store(store_options(folder.path()))->suspect());
}

TEST_CASE("damage in the middle of the log makes the store suspect, and keeps what came before") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  damage_newest_log(folder.path());
  const auto store = open_store(store_options(folder.path()));
  CHECK(store->suspect());
  const auto left = count_records(*store);
  CHECK(left > 10);
  CHECK(left < 50);
}

TEST_CASE("what is acknowledged after the log had to be cut outlives the process") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  damage_newest_log(folder.path());
  std::size_t left = 0;
  {
    const auto store = open_store(store_options(folder.path()));
    REQUIRE(store->suspect());
    left = count_records(*store);
  }
  for (int start = 1; start <= 3; ++start) {
    write_and_die(folder.path(), 30, 1000 * start);
    const auto store = open_store(store_options(folder.path()));
    CHECK_FALSE(store->suspect());
    CHECK(count_records(*store) == left + 30 * start);
  }
}

TEST_CASE("what is acknowledged by the process that had to cut the log outlives it") {
  const TemporaryFolder folder;
  write_and_die(folder.path(), 50);
  damage_newest_log(folder.path());
  write_and_die(folder.path(), 30, 1000);
  const auto store = open_store(store_options(folder.path()));
  const auto there = count_records(*store);
  CHECK(there > 30);
  std::size_t new_ones = 0;
  for (int i = 1000; i < 1030; ++i)
    new_ones += run_task(store->snapshot()->get(Family::meta, fmt::format("k{:04}", i))).value() ? 1 : 0;
  CHECK(new_ones == 30);
}
