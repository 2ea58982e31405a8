// Tables in which bytes have turned: what can be read is kept, what cannot is named.
#include "storage/local/store_salvage.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>

#include "tests/unit/local/store_fixture.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

constexpr std::uint32_t slots = 40;
constexpr int records = 60;

Bytes key_of(std::uint32_t slot, int record) {
  Bytes key;
  append_be32(key, slot);
  return key + fmt::format("u{:04}", record);
}

Bytes value_of(std::uint32_t slot, int record) {
  Bytes value;
  for (int i = 0; i < 20; ++i) value += blake2b(fmt::format("{} {} {}", slot, record, i));
  return value;
}

/// Buffers so small that records reach tables at once.
StoreOptions small_buffers(const std::filesystem::path& folder) {
  auto options = store_options(folder);
  options.tuning.write_buffers_bytes = 256 << 10;
  return options;
}

void write_records(RocksDbStore& store) {
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    Batch batch;
    for (int record = 0; record < records; ++record)
      batch.put(Family::meta, key_of(slot, record), value_of(slot, record));
    REQUIRE(commit(store, std::move(batch)).has_value());
  }
  put(store, Family::node, "identity", "mine");
}

std::filesystem::path largest_table(const std::filesystem::path& folder) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  REQUIRE_FALSE(largest.empty());
  return largest;
}

void turn_bytes(const std::filesystem::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::array<char, 64> bytes{};
  file.seekg(at);
  file.read(bytes.data(), bytes.size());
  for (auto& byte : bytes) byte = static_cast<char>(byte ^ 0x55);
  file.seekp(at);
  file.write(bytes.data(), bytes.size());
}

std::map<std::uint32_t, Bytes> losses(RocksDbStore& store) {
  std::map<std::uint32_t, Bytes> losses;
  const auto page =
      run_task(store.snapshot()->scan(Family::node, lost_key(0), lost_key(UINT32_MAX), 1000, 1 << 20));
  REQUIRE(page.has_value());
  for (const auto& pair : page->pairs) losses[read_be32(pair.key, pair.key.size() - 4)] = pair.value;
  return losses;
}

/// How many slots have all their records; the others must be named.
std::uint32_t check_slots(RocksDbStore& store) {
  const auto lost = losses(store);
  std::uint32_t whole = 0;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    int found = 0;
    for (int record = 0; record < records; ++record) {
      const auto value = get(store, Family::meta, key_of(slot, record));
      if (!value) continue;
      CHECK(*value == value_of(slot, record));
      ++found;
    }
    if (found == records) {
      ++whole;
    } else {
      CHECK_MESSAGE(lost.contains(slot), slot);
    }
  }
  return whole;
}

}  // namespace

TEST_CASE("bytes that turned in a table are noticed when they are read, and cost the slot concerned only") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  write_records(*open_store(options));
  const auto table = largest_table(options.folder / "meta");
  turn_bytes(table, static_cast<std::streamoff>(std::filesystem::file_size(table) / 3));
  {
    auto watched = options;
    int noticed = 0;
    watched.on_damage = [&](const Error& error) {
      CHECK(error.code == Errc::corrupted);
      ++noticed;
    };
    const auto store = open_store(watched);
    bool failed = false;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      for (int record = 0; record < records; ++record)
        failed |= !run_task(static_cast<Store&>(*store).get(Family::meta, key_of(slot, record))).has_value();
    }
    CHECK(failed);
    CHECK(noticed > 0);
    REQUIRE(mark_damaged(options.folder).has_value());
  }
  const auto store = open_store(options);
  CHECK_FALSE(is_marked_damaged(options.folder));
  CHECK_FALSE(store->suspect());
  const auto whole = check_slots(*store);
  CHECK(whole >= slots - 3);
  CHECK(whole < slots);
  CHECK_FALSE(losses(*store).empty());
  CHECK(get(*store, Family::node, "identity") == "mine");
  // It is a store like any other.
  put(*store, Family::meta, key_of(1, 1), "new");
  CHECK(get(*store, Family::meta, key_of(1, 1)) == "new");
}

TEST_CASE("a table whose end is destroyed costs what it held, and the store opens") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  write_records(*open_store(options));
  const auto table = largest_table(options.folder / "meta");
  turn_bytes(table, static_cast<std::streamoff>(std::filesystem::file_size(table)) - 64);
  REQUIRE(mark_damaged(options.folder).has_value());
  const auto store = open_store(options);
  const auto whole = check_slots(*store);
  CHECK(whole > 0);
  CHECK(whole < slots);
  CHECK(get(*store, Family::node, "identity") == "mine");
}

TEST_CASE("a table that the disk has forgotten costs what it held, and the store opens") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  write_records(*open_store(options));
  SUBCASE("one of several") {
    std::filesystem::remove(largest_table(options.folder / "meta"));
    const auto store = open_store(options);
    const auto whole = check_slots(*store);
    CHECK(whole > 0);
    CHECK(whole < slots);
    CHECK(get(*store, Family::node, "identity") == "mine");
  }
  SUBCASE("all of them") {
    for (const auto& entry : std::filesystem::directory_iterator(options.folder / "meta")) {
      if (entry.path().extension() == ".sst") std::filesystem::remove(entry.path());
    }
    CHECK(check_slots(*open_store(options)) < slots);
  }
}

TEST_CASE("a folder of its own without any table is taken for a disk that is not mounted") {
  const TemporaryFolder folder;
  auto options = small_buffers(folder.path());
  const auto apart = folder.path() / "elsewhere";
  options.family_folders[Family::meta] = apart;
  write_records(*open_store(options));
  std::filesystem::rename(apart, folder.path() / "unmounted");
  for (int start = 0; start < 2; ++start) {
    const auto refused = RocksDbStore::open(options);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text.find("is its disk mounted?") != std::string::npos);
  }
  std::filesystem::remove_all(apart);
  std::filesystem::rename(folder.path() / "unmounted", apart);
  CHECK(check_slots(*open_store(options)) == slots);
}

TEST_CASE("a store that was marked and can be read keeps everything, also in folders of its own") {
  const TemporaryFolder folder;
  auto options = small_buffers(folder.path());
  options.family_folders[Family::meta] = folder.path() / "elsewhere";
  write_records(*open_store(options));
  REQUIRE(mark_damaged(options.folder).has_value());
  const auto store = open_store(options);
  CHECK(check_slots(*store) == slots);
  CHECK(losses(*store).empty());
}

TEST_CASE("a node whose own records cannot be read is not guessed at") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  {
    const auto store = open_store(options);
    for (int i = 0; i < 400; ++i) put(*store, Family::node, fmt::format("n{:04}", i), value_of(1, i));
    write_records(*store);
  }
  turn_bytes(largest_table(options.folder / "node"), 2000);
  REQUIRE(mark_damaged(options.folder).has_value());
  const auto refused = RocksDbStore::open(options);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::corrupted);
  CHECK(is_marked_damaged(options.folder));
}

TEST_CASE("a store without its list of files is not taken for a new one, and left as it is") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  write_records(*open_store(options));
  const auto current = options.folder / "CURRENT";
  const auto kept = options.folder / "kept";
  const auto refuses = [&] {
    const auto opened = RocksDbStore::open(options);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == Errc::corrupted);
    CHECK(opened.error().text.find("gridmail node remove") != std::string::npos);
  };
  std::filesystem::rename(current, kept);
  refuses();
  for (const auto* text : {"", "MANIFEST-00", "something else\n", "MANIFEST-999999\n", "MANIFEST-/../x\n"}) {
    CAPTURE(text);
    std::ofstream(current) << text;
    refuses();
  }
  std::filesystem::rename(kept, current);
  CHECK(check_slots(*open_store(options)) == slots);
}

TEST_CASE("a list of files that is damaged is named, and what to do about it") {
  const TemporaryFolder folder;
  const auto options = small_buffers(folder.path());
  write_records(*open_store(options));
  std::string named;
  std::ifstream current(options.folder / "CURRENT");
  std::getline(current, named);
  turn_bytes(options.folder / named, 0);
  const auto opened = RocksDbStore::open(options);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == Errc::corrupted);
  CHECK(opened.error().text.find("gridmail node remove") != std::string::npos);
}
