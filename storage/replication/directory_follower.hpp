// DirectoryFollower: keeps this node's replica of the directory (design, words: directory). Every node
// follows, also those that hold a copy: look-ups read one place. Only committed operations are taken in. The
// directory's primary tells its position every second and after each commit; a follower that lacks something
// asks for what was touched since, or for everything where the log no longer reaches back.
#pragma once
#include <map>
#include <mutex>

#include "storage/directory/followed_directory.hpp"
#include "storage/replication/slot_table.hpp"

namespace gridmail {

/// One strand (the directory slot's). start() … stop(); age() is thread-safe.
class DirectoryFollower final : public FollowedDirectory {
 public:
  /// `replica`: the slot number under which the replica's keys lie.
  DirectoryFollower(ReplicationContext& context, SlotTable& table, SlotId directory, SlotId replica);

  /// Reads how far the replica on disk is.
  [[nodiscard]] Task<Result<void>> load();
  void start();
  void stop();
  /// Messages of MessageKind::directory. Thread-safe.
  void on_message(NodeId from, Bytes payload);

  [[nodiscard]] Duration age() const override;
  /// On the directory's primary, after a change was committed: tells the followers at once.
  void changed();
  /// Members that live but have not yet said that they applied the directory up to `at`; on the primary's
  /// node.
  [[nodiscard]] std::vector<NodeId> behind(Position at) const;
  /// Called on the strand after each change of the replica.
  void on_applied(std::function<void()> handler) { applied_ = std::move(handler); }

 private:
  void tick();
  void tell();
  void take_position(NodeId from, Position at);
  void ask(NodeId primary);
  void take_answer(replication::FollowAnswer answer);
  [[nodiscard]] static Task<void> answer(DirectoryFollower* self, NodeId to,
                                         replication::FollowRequest request);
  [[nodiscard]] Task<Result<replication::FollowAnswer>> make_answer(
      std::shared_ptr<Slot> slot, const replication::FollowRequest& request);
  [[nodiscard]] Task<Result<void>> since(Position from, replication::FollowAnswer& answer);
  [[nodiscard]] Task<Result<void>> all(const Bytes& next_key, replication::FollowAnswer& answer);
  [[nodiscard]] Bytes state_key() const;
  void send(NodeId to, const replication::DirectoryMessage& message, Channel channel = Channel::operations);

  ReplicationContext& context_;
  SlotTable& table_;
  const SlotId directory_;
  const SlotId replica_;
  const asio::any_io_executor executor_;
  std::function<void()> applied_;
  std::unique_ptr<Clock::Alarm> alarm_;
  bool running_ = false;

  Position at_;                     ///< what the replica holds
  Position target_;                 ///< what the primary last said
  replication::FollowState state_;  ///< as on disk
  bool writing_ = false;
  std::optional<TimePoint> asked_;

  mutable std::mutex mutex_;
  std::optional<TimePoint> current_at_;   ///< when the replica was last known to hold all that was committed
  std::map<NodeId, Position> followers_;  ///< what each follower said it holds; on the primary
  Position committed_;                    ///< on the primary
};

}  // namespace gridmail
