#include "protocols/lookup/session.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "protocols/lookup/wire.hpp"
#include "tests/support/dialogue.hpp"
#include "tests/support/memory_directory.hpp"

using namespace gridmail;
using namespace gridmail::lookup;

namespace {

/// alice@example.test, whose alias is info@example.test.
class Lookups {
 public:
  explicit Lookups(Protocol protocol) {
    directory.add_user("alice@example.test", "word");
    directory.add_alias("info@example.test", "alice@example.test");
    const auto session = [this, protocol](Stream& stream) {
      return serve(stream, Services{directory, clock}, protocol);
    };
    dialogue = std::make_unique<testing::Dialogue>(context, clock, testing::PipeOptions{}, session);
  }
  std::string ask(const std::string& request) {
    std::string bytes;
    append_netstring(bytes, request);
    return dialogue->send(bytes);
  }

  asio::io_context context;
  testing::ManualClock clock;
  testing::MemoryDirectory directory;
  std::unique_ptr<testing::Dialogue> dialogue;
};

}  // namespace

TEST_CASE("socketmap tells which domains and recipients there are") {
  Lookups lookups(Protocol::socketmap);
  CHECK(lookups.ask("domains example.test") == "15:OK example.test,");
  CHECK(lookups.ask("domains elsewhere.test") == "9:NOTFOUND ,");
  CHECK(lookups.ask("recipients alice@example.test") == "21:OK alice@example.test,");
  CHECK(lookups.ask("recipients info@example.test") == "21:OK alice@example.test,");
  CHECK(lookups.ask("recipients bob@example.test") == "9:NOTFOUND ,");
}

TEST_CASE("socketmap: the parts of an address that Postfix tries too are not found, and are no error") {
  Lookups lookups(Protocol::socketmap);
  CHECK(lookups.ask("recipients @example.test") == "9:NOTFOUND ,");
  CHECK(lookups.ask("recipients alice") == "9:NOTFOUND ,");
  CHECK(lookups.ask("domains .example.test") == "9:NOTFOUND ,");
}

TEST_CASE("socketmap: questions that come together, or byte by byte, are answered in order") {
  Lookups lookups(Protocol::socketmap);
  const std::string two = "20:domains example.test,22:domains elsewhere.test,";
  CHECK(lookups.dialogue->send(two) == "15:OK example.test,9:NOTFOUND ,");
  std::string heard;
  for (const char c : two) heard += lookups.dialogue->send(std::string(1, c));
  CHECK(heard == "15:OK example.test,9:NOTFOUND ,");
}

TEST_CASE("socketmap: a wrong map is for good, a directory that cannot be read is not") {
  Lookups lookups(Protocol::socketmap);
  CHECK(lookups.ask("users alice").find("PERM no such map") != std::string::npos);
  CHECK(lookups.ask("users").find("PERM a request is MAP KEY") != std::string::npos);
  lookups.directory.set_stale(true);
  CHECK(lookups.ask("recipients bob@example.test").find("TEMP ") != std::string::npos);
  CHECK(lookups.ask("recipients alice@example.test") == "21:OK alice@example.test,");
}

TEST_CASE("socketmap: a request of many bytes is taken, a longer one or rubbish ends the connection") {
  Lookups lookups(Protocol::socketmap);
  CHECK(lookups.ask("recipients " + std::string(netstring_bytes_max - 11, 'x')) == "9:NOTFOUND ,");
  CHECK(lookups.dialogue->send("100001:").empty());
  CHECK(lookups.dialogue->ended());
}

TEST_CASE("tcp_table answers for addresses and for domains, line by line") {
  Lookups lookups(Protocol::tcp_table);
  CHECK(lookups.dialogue->send("get alice@example.test\nget example.test\n") ==
        "200 alice@example.test\n200 example.test\n");
  CHECK(lookups.dialogue->send("get bob@example.test\n") == "500 unknown\n");
  CHECK(lookups.dialogue->send("get elsewhere.test\n") == "500 unknown\n");
  CHECK(lookups.dialogue->send("put a b\n") == "400 a%20request%20is%20get%20KEY\n");
  CHECK(lookups.dialogue->send("get " + std::string(5000, 'x') + "\n") == "400 line%20too%20long\n");
  CHECK(lookups.dialogue->send("get alice@example.test\n") == "200 alice@example.test\n");
  lookups.directory.set_stale(true);
  CHECK(lookups.dialogue->send("get bob@example.test\n").substr(0, 4) == "400 ");
}

TEST_CASE("look-ups: who is silent for an hour is let go") {
  Lookups lookups(Protocol::tcp_table);
  lookups.dialogue->wait(std::chrono::minutes(59));
  CHECK_FALSE(lookups.dialogue->ended());
  lookups.dialogue->wait(std::chrono::minutes(2));
  CHECK(lookups.dialogue->ended());
}
