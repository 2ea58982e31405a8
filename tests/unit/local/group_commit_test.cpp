#include "storage/local/group_commit.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <semaphore>

using namespace gridmail;

namespace {

Batch batch_of(int number) {
  Batch batch;
  batch.put(Family::meta, std::to_string(number), "value");
  return batch;
}

/// A disk whose syncs the test lets through one by one.
struct SteppedDisk {
  std::counting_semaphore<> arrived{0};
  std::counting_semaphore<> go{0};
  std::vector<std::vector<std::string>> groups;
  Result<void> result;

  Result<void> write(const std::vector<GroupCommit::Pending>& group) {
    arrived.release();
    go.acquire();
    std::vector<std::string> keys;
    for (const auto& pending : group) keys.push_back(pending.batch.writes().front().key);
    groups.push_back(std::move(keys));
    return result;
  }
  GroupCommit::Write writer() {
    return [this](const auto& group) { return write(group); };
  }
};

}  // namespace

TEST_CASE("batches that arrive during a sync become one group, and are answered in order") {
  SteppedDisk disk;
  std::vector<int> answered;
  {
    GroupCommit committer(disk.writer(), 1 << 20, 1 << 20);
    committer.commit(batch_of(0), [&](Result<void>) { answered.push_back(0); });
    disk.arrived.acquire();
    for (int i = 1; i <= 3; ++i)
      committer.commit(batch_of(i), [&, i](Result<void>) { answered.push_back(i); });
    disk.go.release(2);
  }
  CHECK(disk.groups == std::vector<std::vector<std::string>>{{"0"}, {"1", "2", "3"}});
  CHECK(answered == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("a group is limited in bytes but always takes one batch") {
  SteppedDisk disk;
  {
    GroupCommit committer(disk.writer(), 1, 1 << 20);
    disk.go.release(3);
    for (int i = 0; i < 3; ++i) committer.commit(batch_of(i), [](Result<void>) {});
  }
  CHECK(disk.groups.size() == 3);
}

TEST_CASE("over the limit of waiting bytes it is behind, and refuses nothing") {
  SteppedDisk disk;
  int written = 0;
  {
    GroupCommit committer(disk.writer(), 1 << 20, 600);
    CHECK_FALSE(committer.is_behind());
    for (int i = 0; i < 3; ++i)
      committer.commit(batch_of(i), [&](Result<void> result) { written += result ? 1 : 0; });
    CHECK(committer.is_behind());
    disk.go.release(3);
  }
  CHECK(written == 3);
}

TEST_CASE("after an error of whatever kind nothing is written any more and everybody is told") {
  for (const auto code : {Errc::io, Errc::no_space}) {
    SteppedDisk disk;
    disk.result = fail(code, "broken");
    std::vector<Errc> answers;
    {
      GroupCommit committer(disk.writer(), 1 << 20, 1 << 20);
      const auto note = [&](Result<void> result) { answers.push_back(result.error().code); };
      committer.commit(batch_of(0), note);
      disk.arrived.acquire();
      committer.commit(batch_of(1), note);
      disk.go.release();
    }
    CHECK(disk.groups.size() == 1);
    CHECK(answers == std::vector<Errc>{code, code});
  }
}

TEST_CASE("a disk stalls for as long as the group lasts that it is writing") {
  SteppedDisk disk;
  GroupCommit committer(disk.writer(), 1 << 20, 1 << 20);
  CHECK(committer.stalled_for().count() == 0);
  std::promise<void> done;
  committer.commit(batch_of(0), [&](Result<void>) { done.set_value(); });
  disk.arrived.acquire();
  const auto age = committer.stalled_for();
  CHECK(age.count() > 0);
  CHECK(committer.stalled_for() >= age);
  disk.go.release();
  done.get_future().wait();
}

TEST_CASE("a disk that gets on does not stall, however long what waits for it has waited") {
  using Steady = std::chrono::steady_clock;
  constexpr auto writing = std::chrono::milliseconds(20);
  SteppedDisk disk;
  GroupCommit committer(disk.writer(), 1, 1 << 20);  // each batch is a group
  for (int i = 0; i < 4; ++i) committer.commit(batch_of(i), [](Result<void>) {});
  const auto handed_in = Steady::now();
  for (int i = 0; i < 4; ++i) {
    disk.arrived.acquire();
    while (Steady::now() < handed_in + (i + 1) * writing) std::this_thread::yield();
    const auto stalled = committer.stalled_for();
    CHECK(stalled.count() > 0);
    if (i > 0)
      CHECK(stalled <= Steady::now() - handed_in - i * writing);  // no group began before the last ended
    disk.go.release();
  }
}
