// SlotRouter: both ends of a request to a slot. As SlotClient it finds the primary, asks it, and follows the
// slot to the next one; on the other side it hands requests to the service and answers.
//
// Thread-safe. Requests are served on the slot's strand, as tasks of the context's group.
#pragma once
#include <array>
#include <map>
#include <mutex>
#include <set>

#include "node/runtime/timer.hpp"
#include "storage/replication/slot_access.hpp"
#include "storage/replication/slot_table.hpp"

namespace gridmail {

class SlotRouter final : public SlotClient {
 public:
  SlotRouter(ReplicationContext& context, SlotTable& table);
  /// Before the first message.
  void serve(ServiceId id, SlotService& service);

  [[nodiscard]] Task<Result<Bytes>> call(SlotId slot, ServiceId service, Bytes request,
                                         Options options) override;
  using SlotClient::call;
  [[nodiscard]] SlotId slot_for(BytesView key) const override;
  [[nodiscard]] MapPtr map() const override { return table_.map(); }

  /// Messages of MessageKind::request and MessageKind::answer.
  void on_request(NodeId from, Bytes payload);
  void on_answer(NodeId from, Bytes payload);

 private:
  struct Waiting {
    std::shared_ptr<Event> answered;
    std::optional<Result<Bytes>> answer;
  };
  /// Whoever must take part in a write gave a sign of life, and they are enough.
  [[nodiscard]] bool can_commit(const Map& map, SlotId slot) const;
  [[nodiscard]] Task<Result<Bytes>> ask(NodeId primary, SlotId slot, ServiceId service, const Bytes& request,
                                        TimePoint deadline, const Options& options);
  void settle(std::uint64_t id, Result<Bytes> answer);
  /// A task of its own, so that the asker's deadline holds here too.
  [[nodiscard]] Task<void> serve_local(std::uint64_t id, SlotId slot, ServiceId service, Bytes request);
  [[nodiscard]] Task<Result<Bytes>> serve_here(SlotId slot, ServiceId service, NodeId from, Bytes request);
  [[nodiscard]] Task<void> serve_remote(NodeId from, std::uint64_t id, SlotId slot, ServiceId service,
                                        Bytes request, bool bulk);

  ReplicationContext& context_;
  SlotTable& table_;
  std::array<SlotService*, 16> services_{};

  std::mutex mutex_;
  std::uint64_t next_id_;
  std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting_;
  std::set<std::pair<NodeId, std::uint64_t>> serving_;  ///< a request that was sent again is not begun again
};

}  // namespace gridmail
