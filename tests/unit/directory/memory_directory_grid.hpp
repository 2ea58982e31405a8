// The directory's slot, and a replica that follows it when told to.
#pragma once
#include "node/services/directory/grid_directory.hpp"
#include "node/services/directory/user_admin.hpp"
#include "tests/unit/queue/memory_grid.hpp"

namespace gridmail::test {

class MemoryDirectoryGrid {
 public:
  explicit MemoryDirectoryGrid(std::uint64_t seed = 1) : grid(seed, 1) {
    grid.slots.serve(ServiceId::directory, service);
    grid.slots.open(directory_slot());
    grid.run(std::chrono::milliseconds(50));
    follow();
  }
  ~MemoryDirectoryGrid() {
    grid.slots.close_all();
    grid.run_to_end(service.stop());
  }
  [[nodiscard]] SlotId directory_slot() const { return MemorySlots::slot_count; }

  /// The replica takes over what is committed, as the follower does.
  void follow() {
    Batch batch;
    const Bytes first = slot_key(followed_directory_slot, 'd', {});
    batch.remove_range(Family::meta, first, prefix_end(first));
    const Bytes prefix = slot_key(directory_slot(), 'd', {});
    for (const auto& [key, value] : grid.slots.store().contents(Family::meta)) {
      if (key.compare(0, prefix.size(), prefix) == 0) {
        batch.put(Family::meta, slot_key(followed_directory_slot, 'd', key.substr(prefix.size())), value);
      }
    }
    REQUIRE(grid.run_to_end(grid.slots.store().commit(std::move(batch))));
  }
  /// A change that was applied, and is in the replica.
  template <class T>
  T done(Task<Result<T>> task) {
    auto result = grid.run_to_end(std::move(task));
    CAPTURE(std::string(result ? "" : result.error().text));
    REQUIRE(result);
    follow();
    return std::move(*result);
  }
  template <class T>
  Errc refused(Task<Result<T>> task) {
    const auto result = grid.run_to_end(std::move(task));
    REQUIRE(!result);
    return result.error().code;
  }

  MemoryGrid grid;
  std::vector<NodeId> lagging;  ///< what replication says of each change
  DirectoryService service{
      grid.clock, grid.random,
      [this](SlotAccessPtr, TimePoint) -> Task<std::vector<NodeId>> { return still_lagging(lagging); }};
  DirectoryClient client{grid.slots, grid.random};
  PasswordHasher hasher{grid.random, nullptr, {{1, 8192}, 2, 512}};
  LogIn log_in{grid.clock, grid.random, hasher, {}};
  UserAdmin admin{{grid.clock, grid.random, grid.view, client, grid.mailbox_client, hasher, log_in}};
  RecipientSearch search{grid.view, grid.clock, grid.srs_secrets};
  GridDirectory directory{grid.view, search, log_in};

 private:
  static Task<std::vector<NodeId>> still_lagging(std::vector<NodeId> nodes) { co_return nodes; }
};

}  // namespace gridmail::test
