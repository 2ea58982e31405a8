#include "node/services/spool.hpp"

#include <doctest/doctest.h>

namespace gridmail::test {
namespace {

SpoolSettings small() {
  SpoolSettings settings;
  settings.message_bytes_max = 10'000;
  settings.bytes_in_flight_max = 15'000;
  settings.memory_bytes_max = 1'000;
  settings.directory = std::filesystem::temp_directory_path();
  return settings;
}

Bytes numbered(std::size_t size) {
  Bytes bytes;
  while (bytes.size() < size) bytes += std::to_string(bytes.size()) + ' ';
  bytes.resize(size);
  return bytes;
}

TEST_CASE("a spool gives back what was appended, from memory and from its file") {
  for (const std::size_t size : {0U, 1U, 999U, 1'000U, 1'001U, 9'999U}) {
    Spools spools(small());
    const auto spool = spools.begin();
    const auto bytes = numbered(size);
    for (std::size_t at = 0; at < size; at += 300) CHECK(spool->append(BytesView(bytes).substr(at, 300)));
    CHECK(spool->spilled() == (size > 1'000));
    CHECK(static_cast<const MessageBody&>(*spool).size() == size);
    CHECK(*spool->read(0, size) == bytes);
    if (size > 10) CHECK(*spool->read(5, 5) == bytes.substr(5, 5));
    CHECK(*spool->whole() == bytes);
  }
}

TEST_CASE("a message over the limit is too large, over the node's budget it has to wait") {
  Spools spools(small());
  auto first = spools.begin();
  CHECK(first->append(numbered(10'000)));
  CHECK(first->append("x").error().code == Errc::too_large);
  const auto second = spools.begin();
  CHECK(second->append(numbered(5'000)));
  CHECK(second->append("x").error().code == Errc::busy);
  CHECK(spools.bytes_in_flight() == 15'000);
  first.reset();
  CHECK(second->append("x"));
  CHECK(spools.bytes_in_flight() == 5'001);
}

TEST_CASE("a spool leaves no file behind, and says so when it cannot make one") {
  auto settings = small();
  settings.directory = "/nonexistent";
  Spools spools(settings);
  const auto spool = spools.begin();
  CHECK(spool->append(numbered(2'000)).error().code == Errc::io);
}

}  // namespace
}  // namespace gridmail::test
