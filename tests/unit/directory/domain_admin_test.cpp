#include "node/services/directory/domain_admin.hpp"

#include "node/services/dkim/dkim_key_keeper.hpp"
#include "node/services/dkim/message_signer.hpp"
#include "storage/directory/sealed_secret.hpp"
#include "tests/unit/directory/memory_directory_grid.hpp"
#include "tests/unit/directory/sealing_member.hpp"

using namespace gridmail;
using namespace gridmail::test;

namespace {

struct Domains {
  MemoryDirectoryGrid dir;
  SystemRandom keys;
  SealingMember first{keys}, second{keys};
  std::shared_ptr<Map> map = std::make_shared<Map>();
  DomainAdmin admin{{dir.grid.clock, dir.grid.random, dir.grid.view, dir.client, [this] { return map; }}};

  Domains() {
    map->members = {first.member};
    dir.done(dir.client.add_domain("example.org"));
  }
  /// What a node's keeper does when it looks; all members are alive but `dead`.
  void keep(const SealingMember& node, NodeId dead = {}) {
    DkimKeyKeeper keeper({dir.grid.clock, dir.grid.random, dir.grid.view, dir.client, [this] { return map; },
                          [dead](NodeId id) { return id != dead; }},
                         node.member.id, node.seed);
    dir.grid.run_to_end(keeper.look());
    dir.follow();
  }
  Result<std::string> signatures_by(const SealingMember& node) {
    MessageSigner signer(dir.grid.view, dir.grid.clock, nullptr, {node.member.id, node.seed});
    const MemoryBody body("From: a@example.org\r\n\r\ntext\r\n");
    return dir.grid.run_to_end(signer.sign("", body));
  }
  std::string add(dkim::Algorithm algorithm, std::string selector = {}) {
    return dir.done(admin.add_dkim_key("Example.ORG", algorithm, std::move(selector))).key.selector;
  }
  void set(const std::string& selector, directory::DkimKey::State state) {
    dir.done(admin.set_dkim_key_state("example.org", selector, state));
  }
  std::map<std::string, directory::DkimKey::State> states() {
    std::map<std::string, directory::DkimKey::State> states;
    const auto rows = dir.grid.run_to_end(admin.dkim_keys(""));
    REQUIRE(rows);
    for (const auto& row : *rows) states[row.selector] = row.state;
    return states;
  }
  std::string signatures(const std::string& fields, const std::string& message) {
    MessageSigner signer(dir.grid.view, dir.grid.clock, nullptr, {first.member.id, first.seed});
    const MemoryBody body(message);
    const auto made = dir.grid.run_to_end(signer.sign(fields, body));
    REQUIRE(made);
    return *made;
  }
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

constexpr auto ed25519 = dkim::Algorithm::ed25519, rsa = dkim::Algorithm::rsa;
constexpr auto published = directory::DkimKey::PUBLISHED, active = directory::DkimKey::ACTIVE,
               retired = directory::DkimKey::RETIRED;

}  // namespace

TEST_CASE("a key is published first, then used, and the one before it is kept until it is removed") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.add(ed25519, "Two");
  domains.add(rsa, "three");
  using States = std::map<std::string, directory::DkimKey::State>;
  CHECK(domains.states() == States{{"one", published}, {"two", published}, {"three", published}});
  domains.set("one", active);
  domains.set("three", active);
  domains.set("two", active);
  CHECK(domains.states() == States{{"one", retired}, {"two", active}, {"three", active}});
  CHECK(domains.dir.refused(domains.admin.remove_dkim_key("example.org", "two")) == Errc::conflict);
  domains.dir.done(domains.admin.remove_dkim_key("example.org", "one"));
  domains.set("two", retired);
  domains.dir.done(domains.admin.remove_dkim_key("example.org", "two"));
  CHECK(domains.states() == States{{"three", active}});
}

TEST_CASE("keys that cannot be are refused") {
  Domains domains;
  domains.add(ed25519, "one");
  auto& dir = domains.dir;
  CHECK(dir.refused(domains.admin.add_dkim_key("example.org", ed25519, "one")) == Errc::already_exists);
  CHECK(dir.refused(domains.admin.add_dkim_key("example.net", ed25519, "")) == Errc::not_found);
  CHECK(dir.refused(domains.admin.add_dkim_key("example.org", ed25519, "a.b")) == Errc::invalid);
  CHECK(dir.refused(domains.admin.set_dkim_key_state("example.org", "none", active)) == Errc::not_found);
  CHECK(dir.refused(domains.admin.remove_dkim_key("example.org", "none")) == Errc::not_found);
}

TEST_CASE("selectors of one day differ") {
  Domains domains;
  const auto first = domains.add(ed25519), second = domains.add(ed25519);
  CHECK(first.starts_with("ed25519"));
  CHECK(second == first + "b");
}

TEST_CASE("a domain's keys go with it") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.dir.done(domains.dir.client.remove_domain("example.org"));
  domains.dir.done(domains.dir.client.add_domain("example.org"));
  CHECK(domains.states().empty());
}

TEST_CASE("mail is signed with every active key of its author's domain, or of one above") {
  Domains domains;
  const std::string message = "From: a@example.org\r\nSubject: s\r\n\r\ntext\r\n";
  domains.add(ed25519, "one");
  CHECK(domains.signatures("", message).empty());  // not active yet
  domains.set("one", active);
  domains.add(ed25519, "two");
  const auto field = domains.signatures("", message);
  CHECK(count_of(field, "DKIM-Signature: ") == 1);
  CHECK(field.find("d=example.org;\r\n\ts=one;") != std::string::npos);
  domains.add(rsa, "three");
  domains.set("three", active);
  CHECK(count_of(domains.signatures("", message), "DKIM-Signature: ") == 2);
  const auto bounce = domains.signatures("", "From: <MAILER-DAEMON@mx1.Example.org>\r\n\r\n");
  CHECK(count_of(bounce, "d=example.org;") == 2);
  CHECK(domains.signatures("", "From: a@example.net\r\n\r\n").empty());
  CHECK(domains.signatures("", "From: a@otherexample.org\r\n\r\n").empty());
  CHECK(domains.signatures("", "Subject: nobody's\r\n\r\n").empty());
}

TEST_CASE("that a domain has no key at all is believed for a second, that it has none in use is not") {
  Domains domains;
  auto& dir = domains.dir;
  MessageSigner signer(dir.grid.view, dir.grid.clock, nullptr, {domains.first.member.id, domains.first.seed});
  const auto count = [&] {
    const MemoryBody body("From: a@mail.example.org\r\n\r\ntext\r\n");
    return count_of(*dir.grid.run_to_end(signer.sign("", body)), "DKIM-Signature");
  };
  CHECK(count() == 0);
  domains.add(ed25519, "one");
  dir.grid.run(std::chrono::seconds(1));
  CHECK(count() == 0);
  domains.set("one", active);
  CHECK(count() == 1);

  Batch lost;  // unnoticed, so that only what was remembered tells
  const auto keys = DirectoryKeys(followed_directory_slot).dkim_keys_of("example.org");
  lost.remove_range(Family::meta, keys.first, keys.last);
  REQUIRE(dir.grid.run_to_end(dir.grid.slots.store().commit(std::move(lost))));
  CHECK(count() == 0);
  dir.follow();
  CHECK(count() == 0);
  dir.grid.run(std::chrono::seconds(1));
  CHECK(count() == 1);
}

TEST_CASE("the author of a very long header is found, and all of it signed") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.set("one", active);
  std::string message;
  for (int i = 0; i < 2000; ++i) message += "X-Long: " + std::string(20, 'x') + "\r\n";
  message += "From: a@example.org\r\nSubject: ";
  const auto one = domains.signatures("", message + "one\r\n\r\ntext\r\n");
  CHECK(count_of(one, "DKIM-Signature") == 1);
  CHECK(one != domains.signatures("", message + "two\r\n\r\ntext\r\n"));
}

TEST_CASE("fields added in front are signed with the rest, and so is a message without a header") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.set("one", active);
  const std::string from = "From: a@example.org\r\n";
  CHECK(domains.signatures(from, "Subject: s\r\n\r\ntext") ==
        domains.signatures("", from + "Subject: s\r\n\r\ntext"));
  CHECK(domains.signatures(from + "\r\n", "text\r\n\r\n.\r\n") ==
        domains.signatures("", from + "\r\ntext\r\n\r\n.\r\n"));
  CHECK(domains.signatures(from, "\r\ntext") == domains.signatures("", from + "\r\ntext"));
  CHECK(domains.signatures(from, "Subject: s\r\n\r\ntext") !=
        domains.signatures(from, "Subject: s\r\n\r\ntexts"));
}

TEST_CASE(
    "no disk holds a key in the clear, and members that come can sign once a living one has sealed it to "
    "them") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.set("one", active);
  const auto stored = domains.dir.grid.run_to_end(domains.dir.grid.view.dkim_keys());
  REQUIRE(stored);
  CHECK(stored->front().private_key().empty());
  CHECK(count_of(*domains.signatures_by(domains.first), "DKIM-Signature") == 1);
  CHECK(domains.signatures_by(domains.second).error().code == Errc::unavailable);
  domains.map->members = {domains.second.member, domains.first.member};
  domains.keep(domains.second);  // cannot
  CHECK_FALSE(domains.signatures_by(domains.second));
  domains.keep(domains.first);
  CHECK(count_of(*domains.signatures_by(domains.second), "DKIM-Signature") == 1);
  domains.map->members = {domains.second.member};
  domains.keep(domains.second);
  CHECK(domains.signatures_by(domains.first).error().code == Errc::unavailable);
}

TEST_CASE("a key from before keys were sealed signs, and is sealed by the first living member") {
  Domains domains;
  domains.add(ed25519, "one");
  domains.set("one", active);
  domains.map->members = {domains.first.member, domains.second.member};
  auto record = domains.dir.grid.run_to_end(domains.dir.grid.view.dkim_keys())->front();
  const auto key = open_secret(record.sealed_key(), domains.first.member.id, domains.first.seed);
  REQUIRE(key);
  record.clear_sealed_key();
  record.set_private_key(*key);
  Batch batch;
  const auto old = record.SerializeAsString();
  batch.put(Family::meta, DirectoryKeys(domains.dir.directory_slot()).dkim_key("example.org", "one"), old);
  REQUIRE(domains.dir.grid.run_to_end(domains.dir.grid.slots.store().commit(std::move(batch))));
  domains.dir.follow();
  CHECK(count_of(*domains.signatures_by(domains.second), "DKIM-Signature") == 1);
  domains.keep(domains.second);
  CHECK(domains.dir.grid.run_to_end(domains.dir.grid.view.dkim_keys())->front().private_key() == *key);
  domains.keep(domains.second, domains.first.member.id);
  CHECK(domains.dir.grid.run_to_end(domains.dir.grid.view.dkim_keys())->front().private_key().empty());
  CHECK(count_of(*domains.signatures_by(domains.first), "DKIM-Signature") == 1);
}
