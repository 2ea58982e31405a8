#include "storage/replication/slot_age.hpp"

namespace gridmail {
namespace {

constexpr char age_area = 't';

Result<AgeMicros> written_down(const std::optional<Bytes>& value) {
  if (!value) return 0;
  if (value->size() != 8) return fail(Errc::corrupted, "age of a slot");
  return static_cast<AgeMicros>(read_be64(*value));
}

}  // namespace

Task<Result<AgeMicros>> SlotAge::now(std::shared_ptr<const Snapshot> committed) {
  if (!before_) {
    const auto value = co_await committed->get(Family::meta, slot_key(slot_, age_area, {}));
    if (!value) co_return tl::unexpected(value.error());
    const auto before = written_down(*value);
    if (!before) co_return tl::unexpected(before.error());
    // Whoever read it meanwhile may have written a later one down.
    if (!before_) before_ = *before;
  }
  co_return *before_ + to_micros(clock_.now() - since_);
}

Task<Result<void>> SlotAge::write_down(OperationBuilder& builder, std::shared_ptr<const Snapshot> committed) {
  const auto age = co_await now(std::move(committed));
  if (!age) co_return tl::unexpected(age.error());
  Bytes value;
  append_be64(value, static_cast<std::uint64_t>(*age));
  co_return co_await builder.put(Family::meta, slot_key(slot_, age_area, {}), std::move(value));
}

}  // namespace gridmail
