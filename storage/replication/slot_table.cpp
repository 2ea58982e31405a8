#include "storage/replication/slot_table.hpp"

#include <asio/post.hpp>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr auto gather_for = std::chrono::milliseconds(5);  // changes asked for together are sent together

bool names(const SlotRow& row, NodeId node) {
  return row.holds(node) || row.retired.contains(node) || row.partial.contains(node);
}

/// Those of whom `holds` are a majority of the voters, before a change of voters and after it.
template <class Holds>
bool has_majority(const Map& map, Holds holds) {
  const auto majority = [&](const NodeSet& voters) {
    const auto count = std::count_if(voters.begin(), voters.end(), holds);
    return static_cast<std::size_t>(count) * 2 > voters.size();
  };
  return majority(map.voters) && (map.voters_before.empty() || majority(map.voters_before));
}

}  // namespace

SlotTable::SlotTable(ReplicationContext& context, std::vector<asio::any_io_executor> strands,
                     std::function<void(MapChange)> propose)
    : context_(context),
      propose_(std::move(propose)),
      plans_(context.self, context.loads, context.settings.plan) {
  for (auto& strand : strands) {
    shards_.push_back(std::make_unique<Shard>());
    shards_.back()->strand = std::move(strand);
  }
  context_.propose = [this](SlotChange change) { this->propose(std::move(change)); };
}

SlotTable::~SlotTable() = default;

void SlotTable::start(MapPtr map) {
  for (auto& shard : shards_) {
    asio::post(shard->strand, [this, s = shard.get()] {
      s->running = true;
      schedule(*s);
    });
  }
  if (map) on_map(std::move(map));
}

void SlotTable::stop() {
  for (auto& shard : shards_) {
    asio::post(shard->strand, [s = shard.get()] {
      s->running = false;
      s->alarm.reset();
      for (auto& [id, slot] : s->slots) slot->close();
      s->slots.clear();
    });
  }
  const std::lock_guard lock(mutex_);
  flush_alarm_.reset();
}

void SlotTable::abandon() {
  for (auto& shard : shards_) shard->slots.clear();
}

void SlotTable::on_map(MapPtr map) {
  {
    const std::lock_guard lock(mutex_);
    if (map_ && map->version <= map_->version) return;
    map_ = map;
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    asio::post(shards_[i]->strand, [this, s = shards_[i].get(), i, map] { take_map(*s, i, map); });
  }
}

void SlotTable::take_map(Shard& shard, std::size_t index, const MapPtr& map) {
  for (SlotId id = static_cast<SlotId>(index); id < map->rows.size();
       id += static_cast<SlotId>(shards_.size())) {
    const SlotRow& row = map->rows[id];
    const auto found = shard.slots.find(id);
    if (found != shard.slots.end()) {
      found->second->on_map(map);
      continue;
    }
    if (!names(row, context_.self)) continue;
    const auto slot = std::make_shared<Slot>(id, context_, shard.strand);
    shard.slots.emplace(id, slot);
    slot->on_map(map);
    ++loading_;
    context_.tasks.spawn(shard.strand, "load slot", load(slot, this));
  }
}

Task<void> SlotTable::load(std::shared_ptr<Slot> slot, SlotTable* table) {
  const auto read = co_await slot->load();
  --table->loading_;
  if (!read) {
    log(Level::error, "slot.load_failed", {{"slot", slot->id()}, {"error", read.error().text}});
    table->context_.fail_stop(read.error());
  }
}

void SlotTable::on_message(NodeId from, Bytes payload) {
  auto message = std::make_shared<replication::SlotMessage>();
  if (!message->ParseFromString(payload)) return;
  auto& shard = *shards_[message->slot() % shards_.size()];
  asio::post(shard.strand, [&shard, from, message] {
    const auto found = shard.slots.find(message->slot());
    if (found != shard.slots.end()) found->second->on_message(from, std::move(*message));
  });
}

void SlotTable::schedule(Shard& shard) {
  if (!shard.running) return;
  shard.alarm = context_.clock.call_at(context_.clock.now() + context_.settings.tick, [this, &shard] {
    asio::post(shard.strand, [this, &shard] { tick(shard); });
  });
}

void SlotTable::tick(Shard& shard) {
  if (!shard.running) return;
  if (&shard == shards_.front().get()) {
    renew_plan();
    renew_surroundings();
  }
  std::shared_ptr<const Surroundings> surroundings;
  {
    const std::lock_guard lock(mutex_);
    surroundings = surroundings_;
  }
  if (!surroundings) return schedule(shard);  // the first shard has not ticked yet
  const auto& plan = surroundings->plan;
  bool all_settled = true;
  for (auto& [id, slot] : shard.slots) {
    if (slot->is_settled(surroundings->number)) continue;
    all_settled = false;
    SlotTarget target{
        surroundings->signs, surroundings->number, surroundings->in_touch, nullptr, nullptr, {}};
    // A plan made before the row last changed may want to undo that very change.
    const bool planned = plan && id < plan->placement.copies.size();
    if (planned && !plan->placement.stand_ins.empty()) target.stand_ins = &plan->placement.stand_ins[id];
    if (planned && plan->map->version >= slot->row().epoch_since) {
      target.copies = &plan->placement.copies[id];
      const NodeId primary = plan->placement.primaries[id];
      if (!primary.is_nil()) target.primary = primary;
    }
    slot->tick(target);
  }
  if (!all_settled) recount(shard);
  schedule(shard);
}

void SlotTable::recount(Shard& shard) {
  std::erase_if(shard.slots, [](const auto& item) { return item.second->is_gone(); });
  SlotCounts counts;
  for (const auto& [id, slot] : shard.slots) {
    const auto& row = slot->row();
    counts.primaries += row.primary == context_.self ? 1 : 0;
    counts.opened += slot->opened() ? 1 : 0;
    counts.copies += row.holds(context_.self) ? 1 : 0;
    counts.joining += row.joining.contains(context_.self) ? 1 : 0;
  }
  const std::lock_guard lock(mutex_);
  shard.counts = counts;
}

void SlotTable::renew_plan() {
  MapPtr map;
  {
    const std::lock_guard lock(mutex_);
    map = map_;
  }
  if (!map) return;
  const auto signs =
      context_.leases.signs_of_life(context_.settings.alive_within, context_.settings.dead_after);
  auto plan = plans_.renew(map, signs, context_.dead_for_long, context_.clock.now());
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}

void SlotTable::renew_surroundings() {
  auto signs = context_.leases.signs_of_life(context_.settings.alive_within, context_.settings.dead_after);
  const auto life = context_.marks.life();
  const std::lock_guard lock(mutex_);
  if (map_ && !context_.disk_checked) {
    context_.disk_checked = has_majority(*map_, [this](const NodeId& voter) {
      return voter == context_.self || context_.marks.has_met(voter);
    });
  }
  const auto& last = surroundings_;
  if (last && last->signs == signs && last->life == life && last->plan == plan_ && last->map == map_) return;
  const bool in_touch =
      map_ && has_majority(*map_, [&](const NodeId& voter) { return signs.is_alive(voter); });
  surroundings_ = std::make_shared<Surroundings>(
      Surroundings{last ? last->number + 1 : 1, std::move(signs), in_touch, life, plan_, map_});
}

void SlotTable::propose(SlotChange change) {
  const std::lock_guard lock(mutex_);
  changes_.push_back(std::move(change));
  if (changes_.size() > 1) return;
  flush_alarm_ = context_.clock.call_at(context_.clock.now() + gather_for,
                                        [this] { asio::post(shards_.front()->strand, [this] { flush(); }); });
}

void SlotTable::flush() {
  MapChange change;
  {
    const std::lock_guard lock(mutex_);
    change.slots.swap(changes_);
  }
  if (!change.slots.empty()) propose_(std::move(change));
}

SlotAccessPtr SlotTable::access(SlotId slot) const {
  const auto found = find(slot);
  return found ? found->access() : nullptr;
}

std::shared_ptr<Slot> SlotTable::find(SlotId slot) const {
  const auto& slots = shards_[slot % shards_.size()]->slots;
  const auto found = slots.find(slot);
  return found == slots.end() ? nullptr : found->second;
}

std::shared_ptr<const Map> SlotTable::map() const {
  const std::lock_guard lock(mutex_);
  return map_;
}

PlanKeeper::PlanPtr SlotTable::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

SlotCounts SlotTable::counts() const {
  const std::lock_guard lock(mutex_);
  SlotCounts sum;
  for (const auto& shard : shards_) {
    sum.primaries += shard->counts.primaries;
    sum.opened += shard->counts.opened;
    sum.joining += shard->counts.joining;
    sum.copies += shard->counts.copies;
  }
  return sum;
}

}  // namespace gridmail
