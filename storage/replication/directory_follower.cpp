#include "storage/replication/directory_follower.hpp"

#include <asio/post.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr auto tell_period = std::chrono::seconds(1);
constexpr auto ask_again = std::chrono::seconds(1);
constexpr std::size_t page_keys = 4096;
constexpr std::size_t page_bytes = 512 * 1024;

/// The same key under another slot number.
Bytes moved(BytesView key, SlotId slot) {
  return slot_begin(slot) + Bytes(key.substr(4));
}

}  // namespace

DirectoryFollower::DirectoryFollower(ReplicationContext& context, SlotTable& table, SlotId directory,
                                     SlotId replica)
    : context_(context),
      table_(table),
      directory_(directory),
      replica_(replica),
      executor_(table.strand_of(directory)) {}

Bytes DirectoryFollower::state_key() const {
  return "directory-replica";
}

Task<Result<void>> DirectoryFollower::load() {
  const auto lost = co_await context_.store.get(Family::node, lost_key(replica_));
  if (!lost) co_return tl::unexpected(lost.error());
  if (*lost) {  // it lacks records: from the beginning
    state_.set_copying(true);
    co_return Result<void>{};
  }
  const auto stored = co_await context_.store.get(Family::node, state_key());
  if (!stored) co_return tl::unexpected(stored.error());
  if (!*stored) co_return Result<void>{};
  if (!state_.ParseFromString(**stored)) co_return fail(Errc::corrupted, "state of the directory's replica");
  if (!state_.copying()) at_ = from_record(state_.at());
  co_return Result<void>{};
}

void DirectoryFollower::start() {
  asio::post(executor_, [this] {
    running_ = true;
    tick();
  });
}

void DirectoryFollower::stop() {
  asio::post(executor_, [this] {
    running_ = false;
    alarm_.reset();
  });
}

void DirectoryFollower::send(NodeId to, const replication::DirectoryMessage& message, Channel channel) {
  context_.network.send(to, channel, static_cast<std::uint16_t>(MessageKind::directory),
                        message.SerializeAsString());
}

void DirectoryFollower::tick() {
  if (!running_) return;
  tell();
  alarm_ = context_.clock.call_at(context_.clock.now() + tell_period,
                                  [this] { asio::post(executor_, [this] { tick(); }); });
}

// --- the primary's side

void DirectoryFollower::changed() {
  asio::post(executor_, [this] { tell(); });
}

void DirectoryFollower::tell() {
  const auto access = table_.access(directory_);
  const auto map = table_.map();
  if (!access || !map || !access->may_answer()) return;
  const Position committed = table_.find(directory_)->committed();
  {
    const std::lock_guard lock(mutex_);
    committed_ = committed;
  }
  replication::DirectoryMessage message;
  *message.mutable_position()->mutable_at() = to_record(committed);
  for (const auto& member : map->members) send(member.id, message);
}

std::vector<NodeId> DirectoryFollower::behind(Position at) const {
  std::vector<NodeId> nodes;
  const auto map = table_.map();
  const std::lock_guard lock(mutex_);
  for (const auto& member : map->members) {
    if (!context_.leases.is_alive(member.id, context_.settings.alive_within)) continue;
    const auto found = followers_.find(member.id);
    if (found == followers_.end() || found->second < at) nodes.push_back(member.id);
  }
  return nodes;
}

Task<void> DirectoryFollower::answer(DirectoryFollower* self, NodeId to, replication::FollowRequest request) {
  const auto slot = self->table_.find(self->directory_);
  if (!slot || !slot->opened()) co_return;
  auto made = co_await self->make_answer(slot, request);
  if (!made) {
    log(Level::error, "directory.follow_failed", {{"error", made.error().text}});
    co_return;
  }
  if (!slot->opened()) co_return;
  replication::DirectoryMessage message;
  *message.mutable_answer() = std::move(*made);
  self->send(to, message, Channel::bulk);
}

Task<Result<replication::FollowAnswer>> DirectoryFollower::make_answer(
    std::shared_ptr<Slot> slot, const replication::FollowRequest& request) {
  replication::FollowAnswer answer;
  const Position from = from_record(request.at());
  const Position committed = slot->committed();
  *answer.mutable_from() = request.at();
  *answer.mutable_to() = to_record(committed);
  const auto& copy = slot->copy();
  const bool by_log =
      !request.full() && contains(copy.history(), committed, from) && from.sequence >= copy.base().sequence;
  Result<void> read;
  if (by_log) {
    read = co_await since(from, answer);
  } else {
    read = co_await all(request.next_key(), answer);
  }
  if (!read) co_return tl::unexpected(read.error());
  co_return answer;
}

Task<Result<void>> DirectoryFollower::since(Position from, replication::FollowAnswer& answer) {
  const auto view = context_.store.snapshot();
  const auto log =
      co_await view->scan(Family::log, log_entry_key(directory_, from.sequence + 1),
                          log_entry_key(directory_, answer.to().sequence() + 1), page_keys, page_bytes);
  if (!log) co_return tl::unexpected(log.error());
  std::set<Bytes> seen;
  for (const auto& pair : log->pairs) {
    replication::LogEntry entry;
    if (!entry.ParseFromString(pair.value)) co_return fail(Errc::corrupted, "log entry");
    for (const auto& key : entry.keys()) {
      if (static_cast<Family>(key.family()) != Family::meta || !seen.insert(key.key()).second) continue;
      auto value = co_await view->get(Family::meta, key.key());
      if (!value) co_return tl::unexpected(value.error());
      auto& write = *answer.add_writes();
      write.set_key(key.key());
      if (*value) write.set_value(std::move(**value));
    }
    answer.mutable_to()->set_epoch(entry.epoch());
    answer.mutable_to()->set_sequence(read_be64(pair.key, 5));
  }
  co_return Result<void>{};
}

Task<Result<void>> DirectoryFollower::all(const Bytes& next_key, replication::FollowAnswer& answer) {
  const auto view = context_.store.snapshot();
  const Bytes first = next_key.empty() ? slot_begin(directory_) : next_key;
  const auto page =
      co_await view->scan(Family::meta, first, slot_begin(directory_ + 1), page_keys, page_bytes);
  if (!page) co_return tl::unexpected(page.error());
  answer.set_full(true);
  answer.set_first_key(first);
  for (const auto& pair : page->pairs) {
    auto& write = *answer.add_writes();
    write.set_key(pair.key);
    write.set_value(pair.value);
  }
  if (page->more) answer.set_next_key(page->pairs.back().key + '\0');
  co_return Result<void>{};
}

// --- the follower's side

void DirectoryFollower::on_message(NodeId from, Bytes payload) {
  auto message = std::make_shared<replication::DirectoryMessage>();
  if (!message->ParseFromString(payload)) return;
  asio::post(executor_, [this, from, message] {
    if (!running_) return;
    switch (message->body_case()) {
      case replication::DirectoryMessage::kPosition:
        take_position(from, from_record(message->position().at()));
        break;
      case replication::DirectoryMessage::kAnswer:
        take_answer(std::move(*message->mutable_answer()));
        break;
      case replication::DirectoryMessage::kRequest: {
        const auto& request = message->request();
        {
          const std::lock_guard lock(mutex_);
          if (!request.full()) followers_[from] = from_record(request.at());
          if (!request.full() && from_record(request.at()) == committed_) return;
        }
        context_.tasks.spawn(executor_, "follow", answer(this, from, std::move(*message->mutable_request())));
        break;
      }
      case replication::DirectoryMessage::BODY_NOT_SET:
        break;
    }
  });
}

void DirectoryFollower::take_position(NodeId from, Position at) {
  const auto map = table_.map();
  if (!map || map->rows[directory_].primary != from) return;
  target_ = at;
  if (at_ == at && !state_.copying()) {
    const std::lock_guard lock(mutex_);
    current_at_ = context_.clock.now();
  }
  ask(from);
}

/// Also tells the primary how far this replica is.
void DirectoryFollower::ask(NodeId primary) {
  const auto now = context_.clock.now();
  if (writing_ || (asked_ && now - *asked_ < ask_again)) return;
  // Who lacks nothing gets no answer, and must not wait for one when the next change is told.
  asked_.reset();
  if (at_ != target_ || state_.copying()) asked_ = now;
  replication::DirectoryMessage message;
  auto& request = *message.mutable_request();
  *request.mutable_at() = to_record(at_);
  if (state_.copying()) {
    request.set_full(true);
    request.set_next_key(state_.next_key());
  }
  send(primary, message);
}

void DirectoryFollower::take_answer(replication::FollowAnswer answer) {
  const auto map = table_.map();
  if (writing_ || !map) return;
  Batch batch;
  replication::FollowState next = state_;
  if (answer.full()) {
    const bool begins = answer.first_key() == slot_begin(directory_);
    if (!begins && (!state_.copying() || answer.first_key() != state_.next_key())) return;
    const Bytes last = answer.next_key().empty() ? slot_begin(directory_ + 1) : answer.next_key();
    const Bytes last_moved = answer.next_key().empty() ? slot_begin(replica_ + 1) : moved(last, replica_);
    batch.remove_range(Family::meta, moved(answer.first_key(), replica_), last_moved);
    if (begins) *next.mutable_at() = answer.to();  // later pieces are newer; the log since then settles it
    next.set_copying(!answer.next_key().empty());
    next.set_next_key(answer.next_key());
    if (answer.next_key().empty()) batch.remove(Family::node, lost_key(replica_));
  } else {
    if (state_.copying() || from_record(answer.from()) != at_) return;
    *next.mutable_at() = answer.to();
  }
  for (auto& write : *answer.mutable_writes()) {
    if (write.has_value()) {
      batch.put(Family::meta, moved(write.key(), replica_), std::move(*write.mutable_value()));
    } else {
      batch.remove(Family::meta, moved(write.key(), replica_));
    }
  }
  batch.put(Family::node, state_key(), next.SerializeAsString());
  writing_ = true;
  context_.store.commit(std::move(batch), [this, next](Result<void> result) {
    asio::post(executor_, [this, next, result] {
      writing_ = false;
      if (!result) return context_.fail_stop(result.error());
      state_ = next;
      if (!state_.copying()) at_ = from_record(state_.at());
      asked_.reset();
      if (at_ == target_ && !state_.copying()) {
        const std::lock_guard lock(mutex_);
        current_at_ = context_.clock.now();
      }
      if (applied_) applied_();
      const auto map = table_.map();
      if (running_ && map && map->rows[directory_].primary) ask(*map->rows[directory_].primary);
    });
  });
}

Duration DirectoryFollower::age() const {
  const std::lock_guard lock(mutex_);
  if (!current_at_) return Duration::max();
  return context_.clock.now() - *current_at_;
}

}  // namespace gridmail
