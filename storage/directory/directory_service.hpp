// DirectoryService: takes changes of the directory at the system slot's primary. Those that come while an
// operation is being committed become one operation together: an import of many users waits for few commits.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "node/base/random.hpp"
#include "node/runtime/async_mutex.hpp"
#include "node/runtime/task_group.hpp"
#include "storage/directory/directory_change.pb.h"
#include "storage/replication/slot_age.hpp"

namespace gridmail {

/// Returns once every live member has applied all that is committed in `slot` now, or at `until`; names the
/// live ones that have not. Replication provides it; empty: nobody is waited for.
using AppliedEverywhere = std::function<Task<std::vector<NodeId>>(SlotAccessPtr slot, TimePoint until)>;

/// How long the answer to a change may wait for members that have not applied it.
inline constexpr Duration applied_everywhere_max = std::chrono::seconds(5);

/// SlotService of ServiceId::directory: requests are directory::Change, answers directory::ChangeAnswer.
/// Changes are made in the order of asking, and each sees what the ones before have made; none is answered
/// before what it has seen is committed. A refused one leaves nothing in the operation of the others. On the
/// slot's strand.
/// Lifecycle: stop() before destruction; the ports must outlive it.
class DirectoryService final : public SlotService {
 public:
  DirectoryService(Clock& clock, Random& random, AppliedEverywhere applied_everywhere);

  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId from, Bytes request) override;
  /// Gives a new grid its postmaster.
  void opened(SlotAccessPtr slot) override;
  /// Cancels and joins what opened() began.
  [[nodiscard]] Task<void> stop();

 private:
  /// A change that somebody has asked for.
  struct Asked {
    directory::Change change;
    Guid guid;
    std::optional<Result<void>> outcome;
  };
  using AskedPtr = std::shared_ptr<Asked>;
  /// What changes of one epoch share.
  struct Changing {
    Changing(SlotId slot, Clock& clock) : age(slot, clock) {}
    AsyncMutex mutex;
    SlotAge age;
    std::deque<AskedPtr> asked;  ///< whose turn has not come, in their order
  };

  [[nodiscard]] Task<Result<void>> apply(SlotAccessPtr slot, AskedPtr asked);
  /// Prepares a change out of what is committed, and forgets it.
  [[nodiscard]] Task<Result<Bytes>> try_out(SlotAccessPtr slot, const directory::TryChange& wish);
  /// Makes an operation of the first ones that wait, and gives them their outcome. With the mutex.
  /// Errors: io, before any was taken.
  [[nodiscard]] Task<Result<void>> make_together(SlotAccessPtr slot, Changing& changing);
  struct Together;
  [[nodiscard]] Task<void> take_in(OperationBuilder& builder, SlotId slot, Changing& changing, AgeMicros age,
                                   Together& together);
  /// What one change adds to the operation. Errors: its refusal.
  [[nodiscard]] Task<Result<void>> write(OperationBuilder& builder, SlotId slot, const Asked& asked,
                                         AgeMicros age);
  [[nodiscard]] Task<Result<void>> commit(SlotAccessPtr slot, Changing& changing, OperationBuilder& builder,
                                          AgeMicros age);
  [[nodiscard]] Task<Result<void>> note_guid(OperationBuilder& builder, SlotId slot, Guid guid,
                                             AgeMicros age);
  [[nodiscard]] Task<Result<void>> forget_old_guids(OperationBuilder& builder, SlotId slot, AgeMicros age);
  [[nodiscard]] Task<void> make_first_settings(SlotAccessPtr slot);
  [[nodiscard]] std::shared_ptr<Changing> changing_in(SlotAccessPtr slot);

  Clock& clock_;
  Random& random_;
  AppliedEverywhere applied_everywhere_;
  std::mutex guard_;
  /// Of the epoch being served: a coroutine of an older epoch keeps its own by shared_ptr.
  std::shared_ptr<Changing> changing_;
  Epoch changing_epoch_ = 0;
  TaskGroup tasks_{"directory"};
};

}  // namespace gridmail
