#include "node/services/directory/recipient_search.hpp"

#include "node/services/directory/recipient_admin.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

struct Recipients : MemoryDirectoryGrid {
  RecipientAdmin recipients{{grid.view, client}};
  UserId one, two;

  Recipients() {
    done(admin.add_domain("example.org"));
    one = done(admin.add_user("one@example.org", std::nullopt)).id;
    two = done(admin.add_user("two@example.org", std::nullopt)).id;
  }
  Result<ports::Target> resolve(const std::string& address) {
    return grid.run_to_end(directory.resolve(address));
  }
  /// Addresses, sorted.
  std::vector<std::string> expand(const std::string& address) {
    const auto targets = grid.run_to_end(search.expand(address));
    REQUIRE(targets);
    std::vector<std::string> all;
    for (const auto& target : *targets) all.push_back(target.address);
    std::sort(all.begin(), all.end());
    return all;
  }
  bool may_send(UserId user, const std::string& address) {
    return *grid.run_to_end(directory.may_send_as(user, address));
  }
  void forward(const std::string& user, std::vector<std::string> to, bool only = false) {
    done(recipients.set_forwarding(user, {std::move(to), only}));
  }
};
using Addresses = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Recipients, "what follows a plus is the user's own business") {
  CHECK(resolve("one+shop@example.org")->id == one);
  CHECK(resolve("one+a+b@example.org")->id == one);
  CHECK(!resolve("three+one@example.org"));
  CHECK(!resolve("+one@example.org"));
  CHECK(may_send(one, "one+shop@example.org"));
  CHECK(!may_send(two, "one+shop@example.org"));
  done(admin.add_user("one+own@example.org", std::nullopt));
  CHECK(resolve("one+own@example.org")->id != one);
}

TEST_CASE_FIXTURE(Recipients, "a domain's other name has the same addresses") {
  done(recipients.add_domain_alias("Example.net", "example.org"));
  CHECK(resolve("one@EXAMPLE.net")->id == one);
  CHECK(resolve("one+x@example.net")->id == one);
  CHECK(resolve("postmaster@example.net"));
  CHECK(resolve("three@example.net").error().text == "user");
  CHECK(may_send(one, "one@example.net"));
  CHECK(refused(admin.add_user("four@example.net", std::nullopt)) == Errc::conflict);
  CHECK(refused(recipients.add_domain_alias("example.com", "example.net")) == Errc::conflict);
  CHECK(refused(recipients.add_domain_alias("example.com", "nowhere.test")) == Errc::not_found);
  CHECK(refused(client.remove_domain("example.org")) == Errc::conflict);
  done(client.remove_domain("example.net"));
  CHECK(resolve("one@example.net").error().text == "relay");
}

TEST_CASE_FIXTURE(Recipients, "a catch-all gets what is for nobody, and no right to send as nobody") {
  done(recipients.set_catch_all("example.org", "two@example.org"));
  CHECK(resolve("anybody@example.org")->id == two);
  CHECK(resolve("one@example.org")->id == one);
  CHECK(resolve("postmaster@example.org")->id != two);
  CHECK(!may_send(two, "anybody@example.org"));
  CHECK(may_send(two, "two@example.org"));
  done(recipients.set_catch_all("example.org", "all@far.test"));
  const auto elsewhere = resolve("anybody@example.org");
  REQUIRE(elsewhere);
  CHECK(elsewhere->id.is_nil());
  CHECK(elsewhere->expands);
  CHECK(expand(elsewhere->address) == Addresses{"all@far.test"});
  done(recipients.set_catch_all("example.org", ""));
  CHECK(!resolve("anybody@example.org"));
  CHECK(refused(recipients.set_catch_all("example.org", "nonsense")) == Errc::invalid);
}

TEST_CASE_FIXTURE(Recipients, "a list leads to its members, each once, and to members of lists in it") {
  done(recipients.add_list("all@example.org", {"One@example.org", "Some.One@Far.TEST", "inner@example.org"}));
  done(recipients.add_list("inner@example.org", {"two@example.org", "one@example.org", "all@example.org"}));
  const auto list = resolve("ALL@example.org");
  REQUIRE(list);
  CHECK(list->id.is_nil());
  CHECK(list->expands);
  CHECK(expand("all@example.org") == Addresses{"Some.One@far.test", "one@example.org", "two@example.org"});
  CHECK(!may_send(one, "all@example.org"));
  done(recipients.change_list("all@example.org", {"x@far.test"}, {"some.one@far.test", "ONE@example.org"}));
  CHECK(grid.run_to_end(recipients.list("all@example.org"))->members_size() == 2);
  CHECK(refused(recipients.change_list("all@example.org", {}, {"gone@far.test"})) == Errc::not_found);
  CHECK(refused(recipients.add_list("one@example.org", {})) == Errc::already_exists);
  CHECK(refused(admin.add_user("all@example.org", std::nullopt)) == Errc::already_exists);
  CHECK(refused(client.remove_domain("example.org")) == Errc::conflict);
  CHECK(!grid.run_to_end(admin.user("all@example.org")));
  done(recipients.remove_list("all@example.org"));
  CHECK(!resolve("all@example.org"));
  CHECK(grid.run_to_end(recipients.lists())->size() == 1);
}

TEST_CASE_FIXTURE(Recipients,
                  "a list of nobody goes to the postmaster, and members that are gone are left out") {
  done(recipients.add_list("none@example.org", {"gone@example.org"}));
  CHECK(expand("none@example.org") == Addresses{"postmaster"});
  done(recipients.change_list("none@example.org", {"one@example.org"}, {}));
  CHECK(expand("none@example.org") == Addresses{"one@example.org"});
}

TEST_CASE_FIXTURE(Recipients, "a user's mail is forwarded, with a copy here or without") {
  forward("one@example.org", {"one@far.test", "two@example.org"});
  CHECK(resolve("one@example.org")->expands);
  CHECK(resolve("one@example.org")->id == one);
  CHECK(expand("one@example.org") == Addresses{"one@example.org", "one@far.test", "two@example.org"});
  forward("one@example.org", {"one@far.test"}, true);
  CHECK(expand("one@example.org") == Addresses{"one@far.test"});
  CHECK(grid.run_to_end(recipients.forwarding("one@example.org"))->only);
  forward("one@example.org", {});
  CHECK(!resolve("one@example.org")->expands);
}

TEST_CASE_FIXTURE(Recipients, "who forward to each other keep their mail") {
  forward("one@example.org", {"two@example.org"}, true);
  forward("two@example.org", {"one@example.org"}, true);
  CHECK(expand("one@example.org") == Addresses{"one@example.org"});
}

TEST_CASE_FIXTURE(Recipients,
                  "forwarded mail leaves under an address of ours, which leads back to its sender") {
  const auto sender = [this](const std::string& from) {
    return *grid.run_to_end(search.forwarding_sender(from, "example.org"));
  };
  CHECK(sender("Joe@far.test") == "Joe@far.test");  // there is no secret yet
  grid.set_postmaster(two);                         // with a secret
  const auto rewritten = sender("Joe@far.test");
  CHECK(rewritten.ends_with("=far.test=Joe@example.org"));
  CHECK(sender("") == "");
  CHECK(sender("two@example.org") == "two@example.org");
  const auto back = resolve(rewritten);
  REQUIRE(back);
  CHECK(back->id.is_nil());
  CHECK(!back->expands);
  CHECK(back->address == "Joe@far.test");
  CHECK(resolve("SRS0=aaaaaaaa=aa=far.test=joe@example.org").error().text == "user");
}

TEST_CASE_FIXTURE(Recipients, "who may send in another's name does so with all the other's addresses") {
  done(admin.add_alias("boss@example.org", "one@example.org"));
  done(recipients.set_delegates("one@example.org", {"TWO@example.org"}));
  CHECK(*grid.run_to_end(recipients.delegates("boss@example.org")) == Addresses{"two@example.org"});
  for (const auto* address : {"one@example.org", "boss@example.org", "one+x@example.org"}) {
    CHECK(may_send(two, address));
    CHECK(may_send(one, address));
  }
  CHECK(!may_send(one, "two@example.org"));
  CHECK(!grid.run_to_end(recipients.set_delegates("one@example.org", {"nobody@example.org"})));
  done(recipients.set_delegates("one@example.org", {}));
  CHECK(!may_send(two, "one@example.org"));
}
