#include "storage/directory/kept_answers.hpp"

#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;
using namespace std::chrono_literals;

namespace {

struct Answers : MemoryDirectoryGrid {
  directory::Change begin(char key, char request) {
    directory::Change change;
    change.mutable_begin_request()->set_id(Bytes(32, key));
    change.mutable_begin_request()->set_request(Bytes(32, request));
    return change;
  }
  directory::Change keep(char key, char request, std::uint32_t status) {
    directory::Change change;
    auto& answer = *change.mutable_keep_answer()->mutable_answer();
    answer.set_id(Bytes(32, key));
    answer.set_request(Bytes(32, request));
    answer.set_status(status);
    answer.set_body("body");
    return change;
  }
  std::optional<directory::KeptAnswer> kept(char key) {
    auto answer = grid.run_to_end(grid.view.kept_answer(Bytes(32, key)));
    return answer ? std::optional(*answer) : std::nullopt;
  }
};

}  // namespace

TEST_CASE("an answer is kept for a day, and its request made by nobody else") {
  Answers dir;
  dir.done(dir.client.change(dir.begin('a', 'r')));
  CHECK(dir.refused(dir.client.change(dir.begin('a', 'r'))) == Errc::already_exists);
  dir.done(dir.client.change(dir.keep('a', 'r', 201)));
  REQUIRE(dir.kept('a'));
  CHECK(dir.kept('a')->status() == 201);
  CHECK(dir.kept('a')->body() == "body");
  dir.grid.run(23h);
  CHECK(dir.refused(dir.client.change(dir.begin('a', 'r'))) == Errc::already_exists);
  dir.grid.run(2h);
  dir.done(dir.client.change(dir.begin('a', 's')));
  CHECK(dir.kept('a')->status() == 0);
  CHECK(dir.kept('a')->request() == Bytes(32, 's'));
}

TEST_CASE("a request that came to nothing may be made again, as may one whose node died") {
  Answers dir;
  dir.done(dir.client.change(dir.begin('a', 'r')));
  dir.done(dir.client.change(dir.keep('a', 'r', 0)));
  dir.done(dir.client.change(dir.begin('a', 'r')));
  CHECK(dir.refused(dir.client.change(dir.begin('a', 'r'))) == Errc::already_exists);
  dir.grid.run(3min);
  dir.done(dir.client.change(dir.begin('a', 'r')));
  dir.done(dir.client.change(dir.keep('a', 'x', 201)));  // of a request that took too long
  CHECK(dir.kept('a')->status() == 0);
}

TEST_CASE("answers whose time is over are forgotten as others come") {
  Answers dir;
  for (const char key : {'a', 'b', 'c'}) {
    dir.done(dir.client.change(dir.begin(key, 'r')));
    dir.done(dir.client.change(dir.keep(key, 'r', 200)));
  }
  dir.grid.run(25h);
  dir.done(dir.client.change(dir.begin('d', 'r')));
  for (const char key : {'a', 'b', 'c'}) CHECK(!dir.kept(key));
  CHECK(dir.kept('d'));
}

TEST_CASE("hashes and answers of other sizes are refused") {
  Answers dir;
  directory::Change change;
  change.mutable_begin_request()->set_id("short");
  CHECK(dir.refused(dir.client.change(change)) == Errc::invalid);
  dir.done(dir.client.change(dir.begin('a', 'r')));
  auto large = dir.keep('a', 'r', 200);
  large.mutable_keep_answer()->mutable_answer()->set_body(std::string(answer_bytes_max + 1, 'x'));
  CHECK(dir.refused(dir.client.change(large)) == Errc::too_large);
}

TEST_CASE("a hundred applied configurations are remembered") {
  Answers dir;
  directory::Change change;
  change.mutable_add_config_version()->set_diff("");
  CHECK(dir.refused(dir.client.change(change)) == Errc::invalid);
  for (int i = 1; i <= 103; ++i) {
    change.mutable_add_config_version()->set_diff("+ " + std::to_string(i) + "\n");
    const auto applied = dir.grid.run_to_end(dir.client.change(change));
    REQUIRE(applied);
  }
  dir.follow();
  const auto versions = dir.grid.run_to_end(dir.grid.view.config_versions());
  REQUIRE(versions);
  REQUIRE(versions->size() == 100);
  CHECK(versions->front().number() == 4);
  CHECK(versions->back().diff() == "+ 103\n");
}
