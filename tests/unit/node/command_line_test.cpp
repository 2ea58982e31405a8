#include "node/command_line.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

using namespace gridmail;

namespace {

CommandLineOutcome read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "gridmaild");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

/// A file that is gone after the test.
struct TemporaryFile {
  explicit TemporaryFile(std::string_view content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "gridmail-XXXXXX").string();
    const int file = ::mkstemp(pattern.data());
    path = pattern;
    std::ofstream(path) << content;
    if (file >= 0) ::close(file);
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string path;
};

}  // namespace

TEST_CASE("arguments win over the configuration file") {
  const TemporaryFile file("data_dir = \"/a\"\nname = \"a\"\n[listen]\nimap = \"127.0.0.1:1143\"\n");
  const auto outcome = read({"--config", file.path.c_str(), "--data-dir", "/b", "--listen",
                             "imap=127.0.0.1:2143", "--listen", "smtp=127.0.0.1:2525"});
  REQUIRE_MESSAGE(outcome.run, outcome.text);
  CHECK(outcome.run->config.data_dir == "/b");
  CHECK(outcome.run->config.name == "a");
  CHECK(outcome.run->config.listener(Service::imap)->port == 2143);
  CHECK(outcome.run->config.listener(Service::smtp)->port == 2525);
  CHECK(!outcome.run->create);
}

TEST_CASE("an unknown key in the configuration exits with 2") {
  const TemporaryFile file("zoen = \"z\"\n");
  const auto outcome = read({"--config", file.path.c_str()});
  CHECK(!outcome.run);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.text.find(":1:1: unknown key zoen; did you mean zone?") != std::string::npos);
}

TEST_CASE("wrong usage exits with 2, help and version with 0") {
  CHECK(read({"--colour"}).exit_code == 2);
  CHECK(read({"--create", "--join", "token"}).exit_code == 2);
  CHECK(read({"--listen", "gopher=127.0.0.1:70"}).exit_code == 2);
  CHECK(read({"--listen", "imap=127.0.0.1"}).exit_code == 2);
  CHECK(read({"--help"}).exit_code == 0);
  CHECK(read({"--version"}).text.starts_with("gridmaild "));
}

TEST_CASE("what is wrong with an argument is said in its terms") {
  const auto said = [](std::vector<const char*> arguments) {
    const auto outcome = read(std::move(arguments));
    CHECK(!outcome.run);
    CHECK(outcome.exit_code == 2);
    return outcome.text;
  };
  const auto has = [](const std::string& text, std::string_view part) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(said({"--join", ""}), "--join: is empty");
  has(said({"--join-file", ""}), "--join-file: is empty");
  const test::TemporaryFolder folder;
  has(said({"--config", folder.path().c_str()}), "a directory, not a file");
  has(said({"--join-file", folder.path().c_str()}), "a directory, not a file");
  has(said({"--join-file", "/nowhere/token"}), "/nowhere/token: no such file");
  const TemporaryFile nothing("\nsecond line\n");
  has(said({"--join-file", nothing.path.c_str()}), "no secret in its first line");
  has(said({"--listen", "127.0.0.1:1143"}), "must be SERVICE=HOST:PORT");
  has(said({"--listen", "imsp=127.0.0.1:1143"}), "there is no service imsp; did you mean imap?");
  has(said({"--listen", "gopher=127.0.0.1:70"}), "there is no service gopher, only smtp, submission");
  has(said({"--listen", "imap=127.0.0.1"}), "an address with a port");
  has(said({"--listen", "imap=127.0.0.1:70000"}), "an address with a port");
}

TEST_CASE("the first admin's secrets come from files or the environment") {
  const TemporaryFile password("secret\nsecond line\n");
  ::setenv("GRIDMAIL_ADMIN_TOKEN", "from-environment", 1);
  const auto outcome = read({"--create", "--admin-password-file", password.path.c_str()});
  ::unsetenv("GRIDMAIL_ADMIN_TOKEN");
  REQUIRE(outcome.run);
  CHECK(outcome.run->create);
  CHECK(outcome.run->admin.user == "admin");
  CHECK(outcome.run->admin.password == "secret");
  CHECK(outcome.run->admin.token == "from-environment");
}

TEST_CASE("a join token may come from a file") {
  const TemporaryFile token("the-token\n");
  const auto outcome = read({"--join-file", token.path.c_str()});
  REQUIRE(outcome.run);
  CHECK(outcome.run->join_token == "the-token");
}

TEST_CASE("the service manager's credentials stand for --join and --create") {
  const test::TemporaryFolder folder;
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  CHECK(!read({}).run->create);
  std::ofstream(folder.path() / "gridmail.admin-password") << "secret\n";
  const auto creates = read({});
  CHECK(creates.run->create);
  CHECK(creates.run->create_repeats);
  CHECK(!read({"--create"}).run->create_repeats);
  CHECK(creates.run->admin.password == "secret");
  std::ofstream(folder.path() / "gridmail.join-token") << "the-token\n";
  const auto joins = read({});
  CHECK(joins.run->join_token == "the-token");
  CHECK(!joins.run->create);
  CHECK(read({"--join", "another"}).run->join_token == "another");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}
