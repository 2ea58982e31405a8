// `gridmail` against the HTTP API over a real socket.
#include "node/cli/command_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "node/api/http_session.hpp"
#include "node/cli/secret.hpp"
#include "node/cli/verbs.hpp"
#include "node/runtime/system_clock.hpp"
#include "node/runtime/tcp_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/node/grid_in_memory.hpp"

using namespace gridmail;
using gridmail::testing::GridInMemory;
using Json = nlohmann::json;

namespace {

/// The API on a free port of this machine, served by a thread of its own.
class ApiOnLoopback {
 public:
  ApiOnLoopback() : clock_(context_), server_(context_, clock_, nullptr) {
    const auto port = server_.listen(
        {.name = "http", .address = "127.0.0.1", .refusal = ""},
        [this](std::unique_ptr<Stream> stream) { return api::serve_http(std::move(stream), grid, clock_); });
    REQUIRE(port);
    url = "http://127.0.0.1:" + std::to_string(*port);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~ApiOnLoopback() {
    std::promise<void> drained;
    asio::co_spawn(context_, server_.drain(clock_.now()), [&](std::exception_ptr) { drained.set_value(); });
    drained.get_future().wait();
    context_.stop();
    thread_.join();
  }

  GridInMemory grid;
  std::string url;

 private:
  asio::io_context context_;
  SystemClock clock_;
  TcpServer server_;
  std::thread thread_;
};

struct Ran {
  int exit_code;
  std::string out, errors;
  [[nodiscard]] Json json() const { return Json::parse(out); }
};

Ran gridmail_(std::vector<std::string> arguments, const char* token = "the-token") {
  ::setenv("GRIDMAIL_TOKEN", token, 1);
  arguments.insert(arguments.begin(), "gridmail");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, errors;
  const int exit_code = cli::run(static_cast<int>(argv.size()), argv.data(), out, errors);
  return {exit_code, out.str(), errors.str()};
}

}  // namespace

TEST_CASE("lists are arrays, --json and --url may stand anywhere") {
  ApiOnLoopback api;
  const auto nodes = gridmail_({"node", "list", "--json", "--url", api.url});
  REQUIRE_MESSAGE(nodes.exit_code == 0, nodes.errors);
  CHECK(nodes.json().is_array());
  CHECK(nodes.json().size() == 2);
  CHECK(gridmail_({"--json", "--url", api.url, "slot", "list"}).json()[1]["slot"] == "directory");
  CHECK(gridmail_({"--url", api.url, "grid", "status", "--json"}).json()["verdict"] == "degraded");
  CHECK(gridmail_({"--url", api.url, "grid", "status"}).out.starts_with("degraded\n  node b is suspect\n"));
}

TEST_CASE("verbs that only act print one JSON document, too") {
  ApiOnLoopback api;
  CHECK(gridmail_({"--url", api.url, "--json", "node", "drain", "b"}).json()["done"] == true);
  CHECK(api.grid.drained == "b");
  ::setenv("GRIDMAIL_PASSWORD", "p", 1);
  CHECK(gridmail_({"--url", api.url, "--json", "user", "add", "a@example.test"}).json()["address"] ==
        "a@example.test");
  ::unsetenv("GRIDMAIL_PASSWORD");
  CHECK(api.grid.passwords["a@example.test"] == "p");
  CHECK(gridmail_({"--url", api.url, "user", "passwd", "a@example.test", "--password", "q"}).exit_code == 2);
  CHECK(gridmail_({"--url", api.url, "--json", "user", "locate", "a@example.test"}).json()["slot"] == 0);
}

TEST_CASE("with --dry-run every verb that has it asks about each change and makes none") {
  ApiOnLoopback api;
  const std::map<std::string, std::vector<std::string>> options = {
      {"node replace", {"--with", "c"}},     {"node maintenance", {"--for", "10m"}},
      {"domain catch-all", {"--to", "a@b"}}, {"user forward", {"--to", "none"}},
      {"user delegate", {"--to", "none"}},   {"grid settings", {"--copies", "1"}},
      {"list change", {"--remove", "a@b"}},  {"queue retry", {"--sender", "a@b"}},
      {"queue hold", {"--sender", "a@b"}},   {"queue release", {"--sender", "a@b"}},
      {"queue remove", {"--sender", "a@b"}}, {"user app-password", {"--name", "phone"}}};
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "pem").string();
  std::ofstream(file) << "x";
  const auto value_of = [&](std::string_view argument) -> std::string {
    if (argument == "weight") return "50";
    if (argument == "action") return "remove";
    return argument == "certificate" || argument == "key" ? file : "b@example.test";
  };
  std::size_t tried = 0;
  for (const auto& verb : cli::verbs()) {
    const auto has = std::any_of(verb.arguments.begin(), verb.arguments.end(),
                                 [](const auto& each) { return each.name == cli::dry_run.name; });
    if (!has || verb.noun == "apply" || verb.name == "recover") continue;  // these change nothing by the API
    std::vector<std::string> line = {"--url", api.url, std::string(verb.noun), std::string(verb.name)};
    for (const auto& argument : verb.arguments) {
      if (!cli::is_option(argument) && !argument.name.starts_with('['))
        line.push_back(value_of(argument.name));
    }
    const auto name = line[2] + " " + line[3];
    if (const auto more = options.find(name); more != options.end())
      line.insert(line.end(), more->second.begin(), more->second.end());
    line.emplace_back("--dry-run");
    api.grid.actor = {};
    const auto ran = gridmail_(line);
    CAPTURE(name);
    CAPTURE(ran.errors);
    CHECK(api.grid.actor.trial != nullptr);
    ++tried;
  }
  CHECK(tried > 25);
}

TEST_CASE("--dry-run says what would be done, as text and as JSON") {
  ApiOnLoopback api;
  const auto told = gridmail_({"--url", api.url, "node", "drain", "b", "--dry-run"});
  CHECK(told.exit_code == 0);
  CHECK(told.out ==
        "nothing is changed; this would be done:\nnode drain b\n  before: state=active\n"
        "  after: state=draining\n  3 slots get another primary\n");
  const auto json = gridmail_({"--url", api.url, "--json", "node", "drain", "b", "--dry-run"}).json();
  CHECK(json["dry_run"] == true);
  CHECK(json["changes"][0]["verb"] == "node drain");
  CHECK(api.grid.drained.empty());
  const auto refused = gridmail_({"--url", api.url, "node", "drain", "x", "--dry-run"});
  CHECK(refused.exit_code == 1);
  CHECK(refused.errors == gridmail_({"--url", api.url, "node", "drain", "x"}).errors);
}

TEST_CASE("a password comes from a file, and never from an argument") {
  ApiOnLoopback api;
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "password").string();
  const auto add = [&] {
    return gridmail_({"--url", api.url, "user", "add", "a@example.test", "--password-file", file});
  };
  ::setenv("GRIDMAIL_PASSWORD", "not this one", 1);
  std::ofstream(file) << "of the file\r\nand no more\n";
  CHECK(add().exit_code == 0);
  CHECK(api.grid.passwords["a@example.test"] == "of the file");
  std::ofstream(file) << "\nlate\n";
  CHECK(add().errors == "gridmail: the first line of " + file + " is no password: it is empty\n");
  std::filesystem::remove(file);
  CHECK(add().exit_code == 1);
  ::unsetenv("GRIDMAIL_PASSWORD");
  for (const auto& verb : cli::verbs()) {
    for (const auto& argument : verb.arguments) CHECK(argument.name != "--password");
  }
}

TEST_CASE("administrators are added, get new passwords and are removed, but for the last") {
  ApiOnLoopback api;
  auto& there = api.grid.access_in_memory.admin_passwords;
  ::setenv("GRIDMAIL_PASSWORD", "new", 1);
  CHECK(gridmail_({"--url", api.url, "admin", "add", "second"}).exit_code == 0);
  CHECK(gridmail_({"--url", api.url, "admin", "passwd", "admin"}).exit_code == 0);
  CHECK(gridmail_({"--url", api.url, "admin", "passwd", "nobody"}).exit_code == 1);
  CHECK(gridmail_({"--url", api.url, "admin", "add", "a@example.test"}).exit_code == 1);
  ::unsetenv("GRIDMAIL_PASSWORD");
  CHECK(there == std::map<std::string, std::string>{{"admin", "new"}, {"second", "new"}});
  CHECK(gridmail_({"--url", api.url, "--json", "admin", "list"}).json()[1]["name"] == "second");
  CHECK(gridmail_({"--url", api.url, "admin", "remove", "second"}).exit_code == 0);
  CHECK(gridmail_({"--url", api.url, "admin", "remove", "admin"}).exit_code == 1);
  CHECK(there.size() == 1);
}

TEST_CASE("what does not work exits with 1 and says why") {
  ApiOnLoopback api;
  const auto missing = gridmail_({"--url", api.url, "--json", "node", "drain", "x"});
  CHECK(missing.exit_code == 1);
  CHECK(missing.json()["error"]["code"] == "not_found");
  CHECK(missing.errors == "gridmail: no node is called x\n");
  CHECK(gridmail_({"--url", api.url, "user", "list"}, "wrong").errors == "gridmail: wrong credentials\n");
  CHECK(gridmail_({"--url", "http://127.0.0.1:1", "user", "list"}).exit_code == 1);
}

TEST_CASE("no token goes over plain http to another machine") {
  for (const auto* url : {"http://192.0.2.1:1", "http://[2001:db8::1]:1", "http://node.example:1",
                          "http://127.0.0.1.example:1", "http://localhost.example"}) {
    CAPTURE(url);
    const auto refused = gridmail_({"--url", url, "--json", "user", "list"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.json()["error"]["code"] == "denied");
    CHECK(refused.errors.find("use https://") != std::string::npos);
  }
  for (const auto* url :
       {"http://127.0.0.2:1", "http://[::1]:1", "http://localhost:1", "https://127.0.0.1:1"}) {
    CAPTURE(url);
    CHECK(gridmail_({"--url", url, "--json", "user", "list"}).json()["error"]["code"] != "denied");
  }
  // Without a secret there is nothing to keep.
  CHECK(gridmail_({"--url", "http://127.0.0.1:1", "user", "list"}, "").exit_code == 1);
}

TEST_CASE("wrong usage exits with 2") {
  CHECK(gridmail_({}).exit_code == 2);
  CHECK(gridmail_({"node"}).exit_code == 2);
  CHECK(gridmail_({"node", "explode"}).exit_code == 2);
  CHECK(gridmail_({"user", "add"}).exit_code == 2);
  CHECK(gridmail_({"--help"}).exit_code == 0);
}

TEST_CASE("a mistyped command is named, with the nearest one") {
  CHECK(gridmail_({"nods", "list"}).errors == "gridmail: there is no command nods; did you mean node?\n");
  const auto verb = gridmail_({"--url", "http://127.0.0.1:1", "--json", "user", "lst"});
  CHECK(verb.exit_code == 2);
  CHECK(verb.json()["error"]["detail"] == "there is no command user lst; did you mean user list?");
  CHECK(gridmail_({"key", "frobnicate"}).errors ==
        "gridmail: there is no command key frobnicate; there are status, rotate\n");
  CHECK(gridmail_({"user", "--frobnicate", "list"}).errors.find("--frobnicate") != std::string::npos);
}

TEST_CASE("TLS to a port without it, and the other way round, is said at once") {
  ApiOnLoopback api;
  const auto begun = std::chrono::steady_clock::now();
  const auto tls = gridmail_({"--url", "https" + api.url.substr(4), "--insecure", "node", "list"});
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK(tls.exit_code == 1);
  CHECK(tls.errors == "gridmail: " + api.url.substr(7) + ": no TLS is spoken there; is it http://?\n");
}

TEST_CASE("a file of trusted certificates that is none is named") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "ca.pem") << "not a certificate\n";
  for (const auto* name : {"ca.pem", "nowhere.pem"}) {
    const auto file = (folder.path() / name).string();
    const auto done = gridmail_({"--url", "https://127.0.0.1:1", "--ca", file, "node", "list"});
    CHECK(done.exit_code == 1);
    CHECK(done.errors == "gridmail: --ca " + file + ": no certificates (PEM) can be read from it\n");
  }
}

TEST_CASE("whoever asks for JSON gets one document, whatever was wrong") {
  const std::vector<std::vector<std::string>> lines = {{"--json"},
                                                       {"node", "--json"},
                                                       {"node", "explode", "--json"},
                                                       {"user", "add", "--json"},
                                                       {"explode", "--json"},
                                                       {"user", "list", "--explode", "--json"}};
  for (const auto& line : lines) {
    const auto ran = gridmail_(line);
    CHECK(ran.exit_code == 2);
    CHECK(ran.json()["error"]["code"] == "usage");
    CHECK(!ran.errors.empty());
  }
  CHECK(gridmail_({"--help", "--json"}).json()["text"].is_string());
}

TEST_CASE("many users are added from a file, and each has its outcome") {
  ApiOnLoopback api;
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "users";
  std::ofstream(file)
      << "# from the old server\n\na@example.test:one:two\r\nb@example.test:{CRYPT}$6$salt$hash\n"
         "a@example.test:again\n";
  const auto ran = gridmail_({"--url", api.url, "--json", "user", "import", file.string()});
  CHECK(ran.exit_code == 1);
  REQUIRE(ran.json().size() == 3);
  CHECK(ran.json()[1]["address"] == "b@example.test");
  CHECK(ran.json()[2]["error"]["code"] == "already_exists");
  CHECK(api.grid.passwords["a@example.test"] == "one:two");
  CHECK(api.grid.passwords["b@example.test"] == "{CRYPT}$6$salt$hash");
  std::ofstream(file) << "c@example.test:x\nno password\n";
  const auto refused = gridmail_({"--url", api.url, "--json", "user", "import", file.string()});
  CHECK(refused.exit_code == 1);
  CHECK(refused.errors == "gridmail: line 2: must be address:password\n");
  CHECK(api.grid.passwords.size() == 2);
  CHECK(gridmail_({"--url", api.url, "user", "import", "/nonexistent"}).exit_code == 1);
}

TEST_CASE("a job is waited for until it is over, and nothing of its progress is printed") {
  ApiOnLoopback api;
  const auto waited = gridmail_({"--url", api.url, "--json", "node", "remove", "b", "--wait"});
  CHECK(waited.exit_code == 0);
  CHECK(waited.json()["job"] == "remove-b");
  CHECK(waited.json()["ended"] == "1970-01-01T00:00:01Z");
  CHECK(waited.errors.empty());
  CHECK(api.grid.jobs_asked > 3);
  CHECK(gridmail_({"--url", api.url, "job", "wait", "remove-b"}).out == "remove-b is over\n");
  CHECK(gridmail_({"--url", api.url, "job", "wait", "remove-z"}).exit_code == 1);
  const auto refused = gridmail_({"--url", api.url, "node", "remove", "a", "--wait"});
  CHECK(refused.errors == "gridmail: too few nodes\n");
}

TEST_CASE("what was answered for is printed when a later part of an import fails") {
  ApiOnLoopback api;
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "users";
  std::ofstream text(file);
  for (int i = 0; i < 100; ++i) text << "u" << i << "@example.test:password\n";
  text.close();
  api.grid.passwords_max = 80;
  const auto ran = gridmail_({"--url", api.url, "user", "import", file.string()});
  CHECK(ran.exit_code == 1);
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 80);
  CHECK(ran.errors ==
        "gridmail: the node could not answer; its log says why; 80 of 100 users were answered for: go on "
        "with line 81, "
        "u80@example.test; who is there already is named and left alone\n");
  api.grid.passwords.clear();
  const auto json = gridmail_({"--url", api.url, "--json", "user", "import", file.string()}).json();
  REQUIRE(json.size() == 81);
  CHECK(json[80]["address"] == "u80@example.test");
  CHECK(json[80]["error"]["code"] == "unavailable");
}

TEST_CASE("the doctor names each check and fails when one does") {
  ApiOnLoopback api;
  const auto examined = gridmail_({"--url", api.url, "--json", "doctor"});
  CHECK(examined.exit_code == 2);
  CHECK(examined.json()["passed"] == false);
  CHECK(examined.json()["checks"][0]["id"] == "node.alive");
  CHECK(gridmail_({"--url", api.url, "doctor"}).out.find("[-] nodes.alive: b is suspect;") !=
        std::string::npos);
  CHECK(gridmail_({"--url", api.url, "doctor"}).out.find("[ ] port25.out: skipped: --reach HOST") !=
        std::string::npos);
  const auto alone = gridmail_({"--url", "http://127.0.0.1:1", "--json", "doctor"});
  CHECK(alone.exit_code == 2);
  for (const auto& check : alone.json()["checks"]) {
    if (check["id"] == "node.alive") CHECK(check["passed"] == false);
    if (check["id"] == "grid.verdict")
      CHECK(check == Json{{"id", "grid.verdict"},
                          {"passed", nullptr},
                          {"warning", false},
                          {"skipped", true},
                          {"detail", "the node does not answer"}});
  }
  CHECK(alone.json()["checks"].size() == examined.json()["checks"].size());
}

TEST_CASE("a list of thousands is made in several requests") {
  ApiOnLoopback api;
  auto& lists = api.grid.domains_in_memory.members;
  std::string members, table = "[lists]\n\"second@example.test\" = [";
  for (int i = 0; i < 2000; ++i) {
    const auto member = "member" + std::to_string(i) + "@a.domain.of.usual.length.test";
    members += member + ",";
    table += "\"" + member + "\", ";
  }
  const auto added = gridmail_({"--url", api.url, "list", "add", "first@example.test", "--members", members});
  CHECK_MESSAGE(added.exit_code == 0, added.errors);
  CHECK(lists["first@example.test"].size() == 2000);
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "grid.toml").string();
  std::ofstream(file) << table << "]\n";
  const auto applied = gridmail_({"--url", api.url, "apply", "--file", file});
  CHECK_MESSAGE(applied.exit_code == 0, applied.errors);
  for (auto& [address, list] : lists) std::sort(list.begin(), list.end());
  CHECK(lists["second@example.test"] == lists["first@example.test"]);
}

TEST_CASE("a request that is refused for its size is said to be") {
  ApiOnLoopback api;
  const std::string long_name(120'000, 'x');
  const auto ran =
      gridmail_({"--url", api.url, "--json", "list", "change", "a@example.test", "--add", long_name});
  CHECK(ran.exit_code == 1);
  CHECK(ran.json()["error"]["code"] == "too_large");
  CHECK(ran.errors == "gridmail: the body is too large\n");
}

TEST_CASE("what the DNS says does not drive the terminal") {
  ApiOnLoopback api;
  const auto ran = gridmail_({"--url", api.url, "domain", "dns", "a.test"});
  CHECK(ran.exit_code == 0);
  CHECK(ran.out.find("there is: v=spf1 ?]0;title?-all\n") != std::string::npos);
}

TEST_CASE("bounces are chosen by their empty sender") {
  ApiOnLoopback api;
  CHECK(gridmail_({"--url", api.url, "queue", "list", "--sender", "<>"}).exit_code == 0);
  CHECK(api.grid.queue_asked.starts_with(" <> "));
  CHECK(gridmail_({"--url", api.url, "queue", "remove", "--sender", "<>"}).exit_code == 0);
  CHECK(api.grid.queue_asked == "3  <>");
}

TEST_CASE("statistics are of one user and protocol, and CSV for those who ask for it") {
  ApiOnLoopback api;
  const auto ran = gridmail_(
      {"--url", api.url, "statistics", "--by", "user", "--of", "c@x.test", "--protocol", "imap", "--csv"});
  CHECK(ran.exit_code == 0);
  CHECK(api.grid.statistics_asked.of == "c@x.test");
  CHECK(api.grid.statistics_asked.protocol == "imap");
  CHECK(ran.out ==
        "day,user,protocol,log_ins,refused_log_ins,bytes_in,bytes_out\r\n"
        "2024-10-04,\"a\"\"b,@x.test\",imap,3,1,1000,2000\r\n"
        "2024-10-05,c@x.test,pop3,1,0,10,20\r\n");
  CHECK(gridmail_({"--url", api.url, "--json", "statistics", "--csv"}).json().size() == 2);
  CHECK(gridmail_({"--url", api.url, "statistics", "--by", "user"}).out.starts_with("DAY         USER"));
}

TEST_CASE("users are listed with their roles") {
  ApiOnLoopback api;
  api.grid.passwords["a@example.test"] = "p";
  const auto ran = gridmail_({"--url", api.url, "user", "list"});
  CHECK_MESSAGE(ran.out.find("ROLE\n") != std::string::npos, ran.out);
  CHECK(ran.out.find(" user\n") != std::string::npos);
}

TEST_CASE("a join token is the first line of a file, so that no argument holds it") {
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "token").string();
  std::ofstream(file) << "the-token\r\nno more\n";
  const auto token = [](const cli::Arguments& arguments) { return cli::given_join_token(arguments); };
  CHECK(token({{"--join-file", file}}).value() == "the-token");
  CHECK(token({{"--join", "other"}}).value() == "other");
  CHECK(token({}).value() == std::nullopt);
  CHECK(!token({{"--join", "other"}, {"--join-file", file}}));
  CHECK(!token({{"--join-file", file + "-nowhere"}}));
  std::ofstream(file) << "\n";
  CHECK(token({{"--join-file", file}}).error().text ==
        "the first line of " + file + " is no token: it is empty");
}
