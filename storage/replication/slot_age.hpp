// SlotAge: the time by which a slot's services forget what they keep for a while only (GUIDs, expunged
// entries). It is how long the slot has been led: each primary counts on by its boot clock from what is
// written down. So no fault of any wall clock moves it, and what was kept for a quarter of an hour was kept
// so long, whoever is primary; a change of primary only sets the age back, to what was last written down,
// and things are kept longer.
#pragma once
#include <memory>
#include <optional>

#include "node/base/clock.hpp"
#include "storage/replication/slot_access.hpp"

namespace gridmail {

/// Microseconds for which a slot has been led, at least. Of a node that takes a slot over, at most what they
/// were at the one before it.
using AgeMicros = std::int64_t;

/// How long the GUID of a change is remembered (design, section 5, GUIDs).
inline constexpr AgeMicros change_guid_kept = AgeMicros{15} * 60 * 1'000'000;

/// One per slot and epoch, made when a service first serves the slot in it; on the slot's strand. `clock`
/// must outlive it.
class SlotAge {
 public:
  SlotAge(SlotId slot, Clock& clock) : slot_(slot), clock_(clock), since_(clock.now()) {}

  /// `committed`: the slot's state in this epoch; read once. Errors: io, corrupted.
  [[nodiscard]] Task<Result<AgeMicros>> now(std::shared_ptr<const Snapshot> committed);
  /// Writes the age down, as a part of an operation over the slot's state. One at a time. Errors: as now().
  [[nodiscard]] Task<Result<void>> write_down(OperationBuilder& builder,
                                              std::shared_ptr<const Snapshot> committed);

 private:
  const SlotId slot_;
  Clock& clock_;
  const TimePoint since_;
  std::optional<AgeMicros> before_;  ///< of the earlier epochs
};

}  // namespace gridmail
