#include "storage/replication/slot.hpp"

#include <asio/post.hpp>
#include <utility>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr unsigned returns_max = 4;
constexpr auto resumed_for = std::chrono::seconds(5);

}  // namespace

Slot::Slot(SlotId id, ReplicationContext& context, asio::any_io_executor executor)
    : id_(id),
      context_(context),
      executor_(std::move(executor)),
      copy_(id, context.marks.life(), context.marks.doubts()) {}

Slot::~Slot() {
  count_in(nullptr);
  if (fill_counted_) context_.fill_budget.end();
}

Task<Result<void>> Slot::load() {
  const auto self = shared_from_this();
  const auto read = co_await copy_.load(context_.store);
  if (!read) co_return read;
  // Only the first node of a new grid ever sees a first epoch.
  if (copy_.blank() && row_.epoch == 1 && row_.in_sync.contains(context_.self)) copy_.found();
  loaded_ = true;
  committed_ = copy_.commit();
  durable_ = copy_.position().sequence;
  if (copy_.opened_epoch() == row_.epoch && row_.primary != context_.self && row_.holds(context_.self)) {
    // Still the epoch it was opened in: its log is a beginning of the primary's, which sends again what is
    // missing.
    open_on_disk_as_copy_ = true;
    resumed_until_ = context_.clock.now() + resumed_for;
    fill_from_ = context_.clock.now();
    whole_at_ = durable_;
  }
  if (copy_.opened_primary() == context_.self && !context_.settings.sabotage.resume)
    restarted_epoch_ = copy_.opened_epoch();
  // As if a lease had just been given to the primary of the last epoch in which this copy was opened, and to
  // that of its row, which may yet open it and then use one that an earlier life gave (tests/model,
  // FORGET_LEASE).
  const TimePoint until = context_.clock.now() + context_.leases.settings().promised;
  if (copy_.opened_primary() && copy_.opened_primary() != context_.self)
    waits_.push_back({*copy_.opened_primary(), {until, UINT64_MAX}, copy_.opened_epoch()});
  if (row_.primary && row_.primary != context_.self && row_.primary != copy_.opened_primary())
    waits_.push_back({*row_.primary, {until, UINT64_MAX}, row_.epoch});
  drop_if_unneeded();
  try_open();
  co_return Result<void>{};
}

bool Slot::is_needed() const {
  return row_.holds(context_.self) || row_.retired.contains(context_.self) ||
         row_.partial.contains(context_.self);
}

void Slot::drop_if_unneeded() {
  if (is_needed() || !loaded_ || (copy_.blank() && !copy_.disowned())) return;
  ++drops_;
  write(copy_.drop(), [](Slot& slot) { --slot.drops_; });
}

/// A peer remembers a newer disk than this one: what was stored here before counts as lost.
void Slot::notice_old_disk() {
  const auto life = context_.marks.life();
  if (!loaded_ || copy_.life() == life || context_.settings.sabotage.trust_old_disks) return;
  log(Level::error, "slot.lost_with_old_disk", {{"slot", id_}, {"epoch", row_.epoch}});
  end_role();
  fail_pending(Errc::not_primary);
  copy_.disown(life);
  open_on_disk_as_copy_ = false;
  durable_ = 0;
  settled_in_ = 0;
  drop_if_unneeded();
}

void Slot::on_map(MapPtr map) {
  notice_old_disk();
  map_ = std::move(map);
  const SlotRow& row = map_->rows[id_];
  if (row.epoch > row_.epoch) take_row(row);
}

void Slot::take_row(const SlotRow& row) {
  const auto before = row_.primary;
  const Epoch epoch_before = row_.epoch;
  const bool was_primary = before == context_.self;
  end_role();
  if (before && *before != context_.self && before != row.primary) {
    waits_.push_back({*before, context_.leases.promise_to(*before), epoch_before});
  }
  if (!row_.primary && row.primary && row_.in_sync.contains(*row.primary)) {
    returns_ = std::min(returns_ + 1, returns_max);
  }
  if (row.primary != context_.self) {
    given_at_.reset();
  } else if (before && !was_primary && row.in_sync.contains(*before)) {
    given_at_ = context_.clock.now();
  }
  row_ = row;
  settled_in_ = 0;
  standings_.clear();
  asked_.reset();
  if (row_.joining.empty()) count_in(nullptr);
  if (row_.retired.empty()) {
    lost_since_.reset();
  } else if (!lost_since_) {
    lost_since_ = context_.clock.now();
  }
  if (was_primary && row_.primary != context_.self) fail_pending(Errc::not_primary);
  drop_if_unneeded();
  try_open();
  if (open_stash_) {
    auto [from, open] = std::move(*open_stash_);
    open_stash_.reset();
    on_open(from, std::move(open));
  }
}

void Slot::end_role() {
  const bool was_serving = std::exchange(serving_, false);
  opening_ = opened_ = handing_over_ = false;
  hands_over_next_.reset();
  peers_.clear();
  lent_.clear();
  incoming_.reset();
  lease_asked_.reset();
  combining_.reset();
  access_.reset();
  held_back_.reset();
  fill_from_.reset();
  fill_asked_.reset();
  resumed_until_.reset();
  told_resumed_.reset();
  if (fill_counted_) {
    fill_counted_ = false;
    context_.fill_budget.end();
  }
  if (was_serving) {
    for (const auto& [id, service] : context_.services) {
      if (concerns(id)) service->closed(id_);
    }
  }
}

void Slot::close() {
  end_role();
  fail_pending(Errc::unavailable);
  for (auto& pending : std::exchange(pending_, {}))  // being written: whether they are kept is not known
    pending.done(fail(Errc::unavailable, "the node stops"));
  loaded_ = false;
}

bool Slot::must_wait(NodeId primary) {
  if (context_.settings.sabotage.no_lease_wait) return false;
  std::erase_if(waits_, [this](const Wait& wait) {
    return context_.leases.is_over(wait.holder, wait.promise, id_, wait.epoch);
  });
  return std::any_of(waits_.begin(), waits_.end(), [&](const Wait& wait) { return wait.holder != primary; });
}

Batch Slot::trim_log() {
  // Whoever is away, or still joining, may need it back to where it stopped; for one that is away for very
  // long, copying everything anew is cheaper.
  const auto& settings = context_.settings;
  const bool all_in_place = row_.retired.empty() && row_.partial.empty() && row_.joining.empty();
  return copy_.trim(all_in_place
                        ? settings.log_keep
                        : std::max(settings.log_keep, settings.log_away_bytes / copy_.log_entry_bytes()));
}

replication::SlotMessage Slot::message() const {
  replication::SlotMessage message;
  message.set_slot(id_);
  message.set_epoch(row_.epoch);
  if (row_.primary == context_.self) *message.mutable_commit() = to_record(committed_);
  return message;
}

void Slot::send(NodeId to, const replication::SlotMessage& message, Channel channel) {
  context_.network.send(to, channel, static_cast<std::uint16_t>(MessageKind::slot),
                        message.SerializeAsString());
}

void Slot::write(Batch batch, std::function<void(Slot&)> then) {
  context_.store.commit(std::move(batch), [weak = weak_from_this(), executor = executor_,
                                           then = std::move(then)](Result<void> result) {
    asio::post(executor, [weak, then, result = std::move(result)] {
      const auto self = weak.lock();
      if (!self) return;
      if (!result) {
        log(Level::error, "slot.write_failed", {{"slot", self->id_}, {"error", result.error().text}});
        self->context_.fail_stop(result.error());
        return;
      }
      then(*self);
    });
  });
}

void Slot::on_message(NodeId from, replication::SlotMessage message) {
  if (!loaded_) return;
  notice_old_disk();
  if (message.body_case() == replication::SlotMessage::kOpen) {
    settled_in_ = 0;
    on_open(from, std::move(message));
    return;
  }
  // Fencing: only the present epoch counts.
  if (message.epoch() != row_.epoch && !context_.settings.sabotage.no_fence) return;
  if (message.has_compare()) return answer_compare(from);
  if (message.has_standing()) return on_standing(from, message.standing());
  if (!row_.primary) return on_combining_message(from, std::move(message));
  if (row_.primary == context_.self) {
    switch (message.body_case()) {
      case replication::SlotMessage::kOpenMore:
        on_open_more(from, message.open_more().after());
        break;
      case replication::SlotMessage::kRefused:
        on_refused(from, message.refused().ahead());
        break;
      case replication::SlotMessage::kOpened:
        on_opened(from, message.opened());
        break;
      case replication::SlotMessage::kAcknowledge:
        on_acknowledge(from, message.acknowledge());
        break;
      case replication::SlotMessage::kFillRequest:
        on_fill_request(from, message.fill_request().at());
        break;
      case replication::SlotMessage::kComplete:
        if (opened_ && peers_.contains(from)) peers_[from].whole = true;
        break;
      case replication::SlotMessage::kNoRoom:
        if (opened_ && peers_.contains(from)) peers_[from].no_room = true;
        break;
      case replication::SlotMessage::kScrubAnswer:
        on_scrub_answer(std::move(*message.mutable_scrub_answer()));
        break;
      default:
        break;
    }
    return;
  }
  const bool of_primary = from == row_.primary && copy_.opened_epoch() == row_.epoch;
  if (!of_primary && !context_.settings.sabotage.no_fence) return;
  if (message.has_commit()) on_commit(from_record(message.commit()));
  if (message.has_entry()) on_entry(from, std::move(*message.mutable_entry()));
  if (message.has_fill_chunk()) on_fill_chunk(std::move(*message.mutable_fill_chunk()));
  if (message.has_mended()) on_mended(message.mended().start());
  if (message.has_scrub_ask())
    on_scrub_ask(from, std::move(*message.mutable_scrub_ask()), from_record(message.commit()));
}

void Slot::tick(const SlotTarget& target) {
  if (!loaded_ || row_.epoch == 0) return;
  notice_old_disk();
  if (open_stash_) {
    auto [from, open] = std::move(*open_stash_);
    open_stash_.reset();
    on_open(from, std::move(open));
  }
  if (row_.primary == context_.self) {
    try_open();
    primary_tick();
    if (held_back_ && !waits_for_records()) {
      held_back_.reset();
      if (copy_.damaged()) settle_losses();  // nobody could be asked
      begin_service();
    }
  } else if (row_.combining == context_.self) {
    combine_tick();
  } else if (row_.primary && row_.holds(context_.self)) {
    copy_tick();
  }
  note_losses(target);
  suspect_tick();
  const bool nothing_to_ask = plan(target);
  settled_in_ = nothing_to_ask && is_at_rest() ? target.surroundings : 0;
}

/// Nothing that time alone would change: no resend, no opening, no filling is due. Whatever ends the rest (an
/// operation, another row, other surroundings) makes tick() look again.
bool Slot::is_at_rest() const {
  if (open_stash_ || drops_ > 0 || is_lost() || handing_over_ || !row_.joining.empty() || !pending_.empty())
    return false;
  if (!row_.primary || all_lost_since_ || is_suspect() || must_mend() || held_back_) return false;
  if (row_.primary != context_.self)
    return !row_.holds(context_.self) || (open_on_disk_as_copy_ && !resumed_until_);
  return access_ && std::all_of(peers_.begin(), peers_.end(), [this](const auto& item) {
           return !item.second.waiting_since && item.second.told >= committed_;
         });
}

std::string Slot::describe() const {
  const char* role = row_.primary == context_.self        ? (serving_        ? "serving"
                                                             : access_       ? "mending"
                                                             : handing_over_ ? "handing over"
                                                             : opened_       ? "opened"
                                                             : opening_      ? "opening"
                                                                             : "waiting")
                     : copy_.opened_epoch() == row_.epoch ? "in epoch"
                                                          : "behind";
  return fmt::format("{} row {} at {}.{} commit {}{} pending {}", role, row_.epoch, copy_.position().epoch,
                     copy_.position().sequence, copy_.commit().sequence, copy_.whole() ? " whole" : "",
                     pending_.size());
}

}  // namespace gridmail
