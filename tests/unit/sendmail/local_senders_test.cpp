#include "node/services/local_mail/local_senders.hpp"

#include <doctest/doctest.h>

#include "node/services/local_mail/local_mail_server.hpp"
#include "tests/support/memory_directory.hpp"
#include "tests/support/run_task.hpp"

using namespace gridmail;
using gridmail::test::run_task;

namespace {

struct Senders {
  gridmail::testing::MemoryDirectory directory;
  UserId joe = directory.add_user("joe@example.org", "p");
  UserId ann = directory.add_user("ann@example.org", "p");  // the first by address: the postmaster

  bool may(const std::string& user, const std::string& address, bool trusted = false) {
    LocalSenders senders(directory, "node1.example.org", user, trusted);
    return *run_task(senders.may_send_as(UserId{}, address));
  }
  Result<ports::Target> resolve(const std::string& address) {
    LocalSenders senders(directory, "node1.example.org", "joe", false);
    return run_task(senders.resolve(address));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Senders, "a user of the machine sends as that, and as nobody else") {
  CHECK(may("joe", "joe@node1.example.org"));
  CHECK(may("joe", "JOE@Node1.Example.org"));
  CHECK(!may("joe", "joe@example.org"));
  CHECK(!may("joe", "ann@node1.example.org"));
  CHECK(!may("joe", "joe@node1.example.org.far.test"));
  CHECK(!may("joe", "rubbish"));
}

TEST_CASE_FIXTURE(Senders, "a trusted user sends as anybody") {
  CHECK(may("www-data", "shop@example.org", true));
  CHECK(!may("www-data", "shop@example.org"));
}

TEST_CASE_FIXTURE(Senders, "mail for the machine's own users goes to the postmaster") {
  CHECK(resolve("root@node1.example.org")->id == ann);
  CHECK(resolve("joe@example.org")->id == joe);
  CHECK(resolve("nobody@example.org").error().text == "user");
  CHECK(resolve("far@far.test").error().text == "relay");
}

TEST_CASE("trusted users are a list with commas") {
  CHECK(names_in("www-data, list ,") == std::set<std::string>{"www-data", "list"});
  CHECK(names_in("").empty());
}
