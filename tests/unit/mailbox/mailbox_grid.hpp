// One slot with its mailboxes in memory, on virtual time, asked through a MailboxClient as a front would.
#pragma once
#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "storage/mailbox/mailbox_client.hpp"
#include "storage/mailbox/mailbox_service.hpp"
#include "storage/mailbox/records.pb.h"
#include "storage/mailbox/uid_runs.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/virtual_clock.hpp"

namespace gridmail::test {

/// What happens to a commit.
enum class Fate { normal, lost, applied_but_unknown };

constexpr std::uint32_t seen = 1, flagged = 4, deleted = 8;

/// An opened slot whose commits go to a memory store, each with the fate that the test gives it.
class MemorySlot final : public SlotAccess {
 public:
  MemorySlot(asio::io_context& context, MemoryStore& store, Epoch epoch)
      : context_(context), store_(store), epoch_(epoch) {}
  [[nodiscard]] SlotId slot() const override { return 7; }
  [[nodiscard]] Epoch epoch() const override { return epoch_; }
  [[nodiscard]] asio::any_io_executor executor() const override { return context_.get_executor(); }
  [[nodiscard]] Result<void> may_answer() const override {
    return closed ? Result<void>(fail(Errc::not_primary)) : Result<void>();
  }
  [[nodiscard]] bool was_written() const override { return true; }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const override { return store_.snapshot(); }
  [[nodiscard]] Task<Result<void>> commit(Operation operation) override {
    CHECK(operation.bytes() <= operation_bytes_max);
    ++commits;
    const auto what = closed ? Fate::lost : fate ? fate() : Fate::normal;
    if (what == Fate::lost) co_return fail(Errc::unavailable, "lost");
    for (const auto& write : operation.writes) {
      if (full && write.family == Family::body && write.value) co_return fail(Errc::no_space);
    }
    Batch batch;
    for (auto& write : operation.writes) {
      check_old_value(write);
      if (write.value) {
        batch.put(write.family, std::move(write.key), std::move(*write.value));
      } else {
        batch.remove(write.family, std::move(write.key));
      }
    }
    auto done = co_await store_.commit(std::move(batch));
    if (done && what == Fate::applied_but_unknown) co_return fail(Errc::unavailable, "unknown");
    co_return done;
  }

  std::function<Fate()> fate;
  std::size_t commits = 0;
  bool closed = false;
  bool full = false;  ///< the disk, but for what is kept for deletions

 private:
  /// A copy that takes an operation back puts the old values there: they must be true.
  void check_old_value(const SlotWrite& write) {
    if (write.final) return;
    const auto& pairs = store_.contents(write.family);
    const auto found = pairs.find(write.key);
    CHECK((found == pairs.end() ? std::optional<Bytes>() : std::optional<Bytes>(found->second)) == write.old);
  }

  asio::io_context& context_;
  MemoryStore& store_;
  Epoch epoch_;
};

/// Sends every request to the one slot, again when its outcome is unknown.
class LocalSlots final : public SlotClient {
 public:
  explicit LocalSlots(MailboxService& service) : service_(service) {}
  using SlotClient::call;
  [[nodiscard]] Task<Result<Bytes>> call(SlotId, ServiceId, Bytes request, Options) override {
    for (;;) {
      ++calls;
      auto answer = co_await service_.handle(slot, front, request);
      const bool again =
          !answer && (answer.error().code == Errc::unavailable || answer.error().code == Errc::not_primary);
      if (!again) co_return answer;
      if (on_failure) on_failure();
    }
  }
  [[nodiscard]] SlotId slot_for(BytesView) const override { return 7; }
  [[nodiscard]] MapPtr map() const override { return nullptr; }

  std::shared_ptr<MemorySlot> slot;
  NodeId front{};
  std::function<void()> on_failure;
  std::size_t calls = 0;

 private:
  MailboxService& service_;
};

class RecordedPushes final : public PushSender {
 public:
  void push(NodeId to, Bytes payload) override {
    mailbox::Push push;
    CHECK(push.ParseFromString(payload));
    sent.emplace_back(to, std::move(push));
  }
  std::vector<std::pair<NodeId, mailbox::Push>> sent;
};

class MailboxGrid {
 public:
  explicit MailboxGrid(std::uint64_t seed = 1) : random(seed) {
    slots.slot = std::make_shared<MemorySlot>(context, store, ++epoch);
    user = draw_id<UserId>(random);
    must(client.create_user(user));
  }

  /// Runs until the task is over.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> outcome;
    spawn<T>(std::move(task), [&](T value) { outcome = std::move(value); });
    REQUIRE(run_for(context, clock, std::chrono::hours(1), [&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }
  /// Starts the task; `done` gets its outcome.
  template <class T>
  void spawn(Task<T> task, std::function<void(T)> done) {
    asio::co_spawn(context, std::move(task), [done](std::exception_ptr failure, T value) {
      CHECK(!failure);
      done(std::move(value));
    });
  }
  template <class T>
  T must(Task<Result<T>> task) {
    auto outcome = run(std::move(task));
    if (!outcome) FAIL(name_of(outcome.error().code) << " " << outcome.error().text);
    if constexpr (!std::is_void_v<T>) return std::move(*outcome);
  }
  template <class T>
  Error refused(Task<Result<T>> task) {
    const auto outcome = run(std::move(task));
    REQUIRE(!outcome);
    return outcome.error();
  }

  /// A new epoch with the same disk: what was kept in memory is forgotten.
  void fail_over() {
    auto fate = slots.slot->fate;
    slots.slot->closed = true;
    service.closed(slots.slot->slot());
    slots.slot = std::make_shared<MemorySlot>(context, store, ++epoch);
    slots.slot->fate = std::move(fate);
  }

  mailbox::Added deliver(const std::string& body, std::string name = {}) {
    NewMessage message;
    message.mailbox = std::move(name);
    message.structure = "structure of " + body.substr(0, 20);
    const MemoryBody bytes(body);
    return must(client.deliver(user, draw_id<Guid>(random), std::move(message), bytes));
  }
  mailbox::Opened open(std::string name = "INBOX", bool read_only = true) {
    return must(client.open(user, std::move(name), read_only));
  }
  MailboxId id_of(std::string name = "INBOX") { return open(std::move(name)).status().mailbox(); }
  std::vector<Uid> uids_of(std::string name = "INBOX") {
    return listed(*to_set(open(std::move(name)).uids()));
  }
  Bytes content(EmailId email) {
    Bytes all;
    for (;;) {
      const auto part = must(client.read(user, {{email, all.size(), 100'000}}));
      REQUIRE(part.size() == 1);
      if (part[0].empty()) return all;
      all += part[0];
    }
  }

  static std::vector<Uid> listed(const UidSet& set) {
    std::vector<Uid> uids;
    for (const auto& run : set.runs()) {
      for (Uid uid = run.first; uid <= run.last; ++uid) uids.push_back(uid);
    }
    return uids;
  }
  static UidSet set_of(std::initializer_list<Uid> uids) {
    UidSet set;
    for (const auto uid : uids) set.add(uid);
    return set;
  }
  static UidSet range(Uid first, Uid last) {
    UidSet set;
    set.add(first, last);
    return set;
  }
  static mailbox::Flags flags(std::uint32_t system, std::initializer_list<const char*> keywords = {}) {
    mailbox::Flags flags;
    flags.set_system(system);
    for (const auto* keyword : keywords) flags.add_keywords(keyword);
    return flags;
  }

  asio::io_context context;
  VirtualClock clock;
  SeededRandom random;
  MemoryStore store{clock, random};
  RecordedPushes pushes;
  MailboxService service{clock, pushes};
  LocalSlots slots{service};
  MailboxClient client{slots, random};
  Epoch epoch = 0;
  UserId user;
};

}  // namespace gridmail::test
