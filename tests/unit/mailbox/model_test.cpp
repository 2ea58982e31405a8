// Random changes against a model that knows nothing of blocks, indices and batches.
#include <map>
#include <set>

#include "storage/mailbox/uid_block.hpp"
#include "tests/unit/mailbox/mailbox_grid.hpp"

namespace gridmail::test {
namespace {

using mailbox::Store;
using Grid = MailboxGrid;
const std::vector<std::string> names{"INBOX", "Archive", "Trash"};

struct ModelMessage {
  std::uint32_t flags = 0;
  std::uint64_t size = 0;
  bool operator==(const ModelMessage&) const = default;
};
using Messages = std::map<Uid, ModelMessage>;
struct ModelMailbox {
  Messages messages;
  Uid uid_next = 1;
  /// What a client saw, by the MODSEQ it saw it at.
  std::map<ModSeq, Messages> history;
};

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : grid_(seed), random_(seed + 1000) {
    for (const auto& name : names) ids_[name] = grid_.id_of(name);
    grid_.slots.slot->fate = [this] {
      return static_cast<Fate>(random_.chance(0.1) ? 1 + random_.below(2) : 0);
    };
    grid_.slots.on_failure = [this] { grid_.fail_over(); };
  }

  void step() {
    const auto& name = names[random_.below(names.size())];
    auto& box = model_[name];
    switch (random_.below(7)) {
      case 0:
      case 1:
        deliver(name, box);
        break;
      case 2:
      case 3:
        store(name, box);
        break;
      case 4:
        copy(name, box);
        break;
      case 5:
        move(name, box);
        break;
      default:
        expunge(name, box);
    }
    for (const auto& each : names) check(each, model_[each]);
  }
  /// Every past view of every mailbox becomes the present one by changes(since).
  void replay() {
    for (const auto& name : names) {
      for (const auto& [since, then] : model_[name].history) replay(name, since, then);
    }
  }
  void recount() {
    std::uint64_t messages = 0, bytes = 0;
    for (const auto& [name, box] : model_) {
      messages += box.messages.size();
      for (const auto& [uid, message] : box.messages) bytes += message.size;
    }
    const auto usage = grid_.must(grid_.client.usage(grid_.user));
    CHECK(usage.messages() == messages);
    CHECK(usage.bytes() == bytes);
    std::size_t entries = 0, index = 0;
    for (const auto& [key, value] : grid_.store.contents(Family::meta)) {
      entries += key[21] == 'E';
      index += key[21] == 'C';
    }
    CHECK(entries == messages);
    CHECK(index == messages);
  }

 private:
  void deliver(const std::string& name, ModelMailbox& box) {
    const Bytes body(random_.below(3000), 'x');
    const auto added = grid_.deliver(body, name);
    CHECK(added.uid() == box.uid_next);
    box.messages[box.uid_next++] = {0, body.size()};
  }
  void store(const std::string& name, ModelMailbox& box) {
    const auto uids = some(box);
    const auto flags = static_cast<std::uint32_t>(random_.below(32));
    const auto change = static_cast<Store::Change>(random_.below(3));
    grid_.must(grid_.client.store(grid_.user, ids_[name], uids, change, Grid::flags(flags)));
    for (const auto uid : Grid::listed(uids)) {
      const auto found = box.messages.find(uid);
      if (found == box.messages.end()) continue;
      auto& now = found->second.flags;
      now = change == Store::ADD ? now | flags : change == Store::REMOVE ? now & ~flags : flags;
    }
  }
  void copy(const std::string& name, ModelMailbox& box) {
    UidSet uids;
    for (const auto& [uid, message] : box.messages) {
      if (random_.chance(0.3) && uids.count() < 10) uids.add(uid);
    }
    if (uids.empty()) return;
    const auto& to = names[random_.below(names.size())];
    grid_.must(grid_.client.copy(grid_.user, ids_[name], uids, to));
    auto& target = model_[to];
    for (const auto uid : Grid::listed(uids)) target.messages[target.uid_next++] = box.messages.at(uid);
  }
  void move(const std::string& name, ModelMailbox& box) {
    const auto uids = some(box);
    const auto& to = names[random_.below(names.size())];
    grid_.must(grid_.client.move(grid_.user, ids_[name], uids, to));
    std::vector<ModelMessage> moved;  // all first: the target may be the same mailbox
    for (const auto uid : Grid::listed(uids)) {
      const auto found = box.messages.extract(uid);
      if (!found.empty()) moved.push_back(found.mapped());
    }
    auto& target = model_[to];
    for (const auto& message : moved) target.messages[target.uid_next++] = message;
  }
  void expunge(const std::string& name, ModelMailbox& box) {
    const auto uids = some(box);
    const bool only_deleted = random_.chance(0.5);
    grid_.must(grid_.client.expunge(grid_.user, ids_[name], uids, only_deleted));
    for (const auto uid : Grid::listed(uids)) {
      const auto found = box.messages.find(uid);
      if (found != box.messages.end() && (!only_deleted || (found->second.flags & 8) != 0))
        box.messages.erase(found);
    }
  }
  /// A few UIDs that may or may not exist.
  UidSet some(const ModelMailbox& box) {
    std::set<Uid> uids;
    for (int i = 0; i < 5; ++i) uids.insert(static_cast<Uid>(1 + random_.below(box.uid_next + 2)));
    UidSet set;
    for (const auto uid : uids) set.add(uid);
    return set;
  }

  void check(const std::string& name, ModelMailbox& box) {
    const auto opened = grid_.open(name);
    const auto& status = opened.status();
    std::uint64_t unseen = 0, deleted = 0, bytes = 0;
    Uid first_unseen = 0;
    std::vector<Uid> uids;
    for (const auto& [uid, message] : box.messages) {
      uids.push_back(uid);
      if ((message.flags & 1) == 0 && unseen++ == 0) first_unseen = uid;
      deleted += (message.flags & 8) != 0;
      bytes += message.size;
    }
    CHECK(Grid::listed(*to_set(opened.uids())) == uids);
    CHECK(status.messages() == uids.size());
    CHECK(status.unseen() == unseen);
    CHECK(status.deleted() == deleted);
    CHECK(status.bytes() == bytes);
    CHECK(status.uid_next() == box.uid_next);
    CHECK(opened.first_unseen() == first_unseen);
    const auto [at, added] = box.history.try_emplace(status.highest_modseq(), box.messages);
    CHECK(at->second == box.messages);  // what changes raises the MODSEQ
    CHECK(box.history.rbegin()->first == status.highest_modseq());
  }
  void replay(const std::string& name, ModSeq since, Messages view) {
    const auto changes = grid_.must(grid_.client.changes(grid_.user, ids_[name], since, true));
    const auto expunged = *to_set(changes.expunged());
    std::erase_if(view, [&](const auto& message) { return expunged.contains(message.first); });
    for (const auto& entry : changes.changed()) view[entry.uid()] = {entry.flags().system(), entry.size()};
    if (changes.has_complete()) {
      const auto complete = *to_set(changes.complete());
      std::erase_if(view, [&](const auto& message) { return !complete.contains(message.first); });
    }
    CHECK(view == model_[name].messages);
    CHECK(changes.highest_modseq() == model_[name].history.rbegin()->first);
  }

  Grid grid_;
  SeededRandom random_;
  std::map<std::string, MailboxId> ids_;
  std::map<std::string, ModelMailbox> model_;

 public:
  Grid& grid() { return grid_; }
};

TEST_CASE(
    "after any walk of changes and failures the mailboxes are the model's, and changes(since) leads there") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Walk walk(seed);
    for (int i = 0; i < 60; ++i) walk.step();
    walk.grid().slots.slot->fate = {};
    walk.replay();
    walk.recount();
  }
}

TEST_CASE("expunged UIDs are known for 30 days; a client from before gets all UIDs") {
  Walk walk(77);
  for (int i = 0; i < 40; ++i) walk.step();
  auto& grid = walk.grid();
  grid.slots.slot->fate = {};
  grid.must(grid.client.sweep(grid.user));
  CHECK(!grid.must(grid.client.changes(grid.user, grid.id_of(), 0, true)).has_complete());
  run_for(grid.context, grid.clock, std::chrono::hours(24 * 31));
  grid.must(grid.client.sweep(grid.user));
  CHECK(grid.must(grid.client.changes(grid.user, grid.id_of(), 0, true)).has_complete());
  walk.replay();
}

TEST_CASE("a block of UIDs lists its runs across words") {
  UidBlock block;
  for (const Uid uid : {256U, 257U, 319U, 320U, 383U, 511U}) block.set(uid, uid != 320, false);
  UidSet set;
  block.append_to(set, 1);
  CHECK(MailboxGrid::listed(set) == std::vector<Uid>{256, 257, 319, 320, 383, 511});
  CHECK(block.first_unseen(1) == 320);
  const auto again = UidBlock::decode(block.encode());
  REQUIRE(again);
  CHECK(again->encode() == block.encode());
  for (Uid uid = 256; uid < 512; ++uid) block.set(uid, true, false);
  UidSet full;
  block.append_to(full, 1);
  CHECK(full.runs().size() == 1);
  CHECK(full.count() == 256);
}

TEST_CASE("sets of UIDs survive their wire form, and broken ones are refused") {
  SeededRandom random(5);
  for (int round = 0; round < 200; ++round) {
    UidSet a, b;
    std::set<Uid> uids;
    for (Uid uid = 1; uid < 60; ++uid) {
      if (random.chance(0.5)) a.add(uid), uids.insert(uid);
      if (random.chance(0.3)) b.add(uid), uids.erase(uid);
    }
    CHECK(*to_set(to_runs(a)) == a);
    CHECK(MailboxGrid::listed(subtract(a, b)) == std::vector<Uid>(uids.begin(), uids.end()));
  }
  mailbox::UidRuns runs;
  runs.add_numbers(5);
  CHECK(!to_set(runs));
  runs.add_numbers(0xffffffff);
  CHECK(!to_set(runs));
  runs.set_numbers(0, 0);
  CHECK(!to_set(runs));
}

}  // namespace
}  // namespace gridmail::test
