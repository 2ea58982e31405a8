#include "storage/replication/slot_router.hpp"

#include <asio/use_awaitable.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/metrics.hpp"

namespace gridmail {
namespace {

metrics::Histogram waited_for{
    "slot_wait_seconds", "How long calls took that found their slot unavailable at first, given up or not."};
metrics::Counter given_up{"slot_calls_given_up_total",
                          "Calls whose slot was unavailable for all the time they had."};

constexpr SlotId no_slot = UINT32_MAX;
constexpr auto silent_after =
    std::chrono::seconds(1);  // a slot is unavailable when one it needs is silent for so long
constexpr auto refused_for = std::chrono::seconds(1);     // or when its primary refuses for so long
constexpr auto question_again = std::chrono::seconds(1);  // the question or its answer may have been lost
constexpr auto answer_look = std::chrono::milliseconds(250);
constexpr auto back_off_min = std::chrono::milliseconds(10);
constexpr auto back_off_max = std::chrono::milliseconds(100);

/// Worth another try wherever the slot is then; a service's own temporary errors are its answer.
bool goes_on(const Error& error) {
  return error.code == Errc::not_primary || error.code == Errc::unavailable || error.code == Errc::timed_out;
}

Bytes wire_form(std::uint64_t id, SlotId slot, ServiceId service, const Bytes& request, bool bulk) {
  replication::Request message;
  message.set_id(id);
  message.set_slot(slot);
  message.set_service(static_cast<std::uint32_t>(service));
  message.set_payload(request);
  message.set_bulk(bulk);
  return message.SerializeAsString();
}

}  // namespace

SlotRouter::SlotRouter(ReplicationContext& context, SlotTable& table)
    : context_(context), table_(table), next_id_(context.random.u64() >> 1) {}

void SlotRouter::serve(ServiceId id, SlotService& service) {
  services_[static_cast<std::size_t>(id)] = &service;
}

SlotId SlotRouter::slot_for(BytesView key) const {
  const auto map = table_.map();
  return map ? slot_of(key, map->slots()) : no_slot;  // call() refuses it, also when a map has come meanwhile
}

bool SlotRouter::can_commit(const Map& map, SlotId slot) const {
  const SlotRow& row = map.rows[slot];
  if (row.paired && row.in_sync.size() + row.joining.size() < map.settings.copies_min) return false;
  if (!row.primary || !context_.leases.is_alive(*row.primary, silent_after)) return false;
  for (const auto& node : row.others()) {
    if (!context_.leases.is_alive(node, silent_after)) return false;
  }
  return true;
}

Task<Result<Bytes>> SlotRouter::call(SlotId slot, ServiceId service, Bytes request, Options options) {
  const TimePoint deadline = context_.clock.now() + options.wait_max;
  Duration back_off = back_off_min;
  std::optional<TimePoint> refused_since;
  Error last{Errc::unavailable, "the slot is not available"};
  const TimePoint begun = context_.clock.now();
  for (;;) {
    const auto map = table_.map();
    if (!map || slot >= map->rows.size()) co_return fail(Errc::unavailable, "no map yet");
    const SlotRow& row = map->rows[slot];
    if (options.only_if_alive && !can_commit(*map, slot)) co_return tl::unexpected(last);
    if (row.primary) {
      const auto asked = context_.clock.now();
      auto answer = co_await ask(*row.primary, slot, service, request, deadline, options);
      if (answer || !goes_on(answer.error())) {
        if (back_off != back_off_min) waited_for.observe(context_.clock.now() - begun);
        co_return answer;
      }
      last = answer.error();
      // Slow is one thing. A primary that says no for long cannot open, or has no lease: the map may be
      // frozen.
      if (last.code == Errc::timed_out) {
        refused_since.reset();
      } else if (!refused_since) {
        refused_since = asked;
      }
      last.code = Errc::unavailable;
      if (options.only_if_alive && refused_since && context_.clock.now() - *refused_since >= refused_for)
        co_return tl::unexpected(last);
    }
    const auto now = context_.clock.now();
    if (now >= deadline) {
      given_up.add();
      waited_for.observe(now - begun);
      co_return tl::unexpected(last);
    }
    co_await sleep_until(context_.clock, std::min(deadline, now + back_off));
    back_off = std::min<Duration>(back_off * 2, back_off_max);
  }
}

Task<Result<Bytes>> SlotRouter::ask(NodeId primary, SlotId slot, ServiceId service, const Bytes& request,
                                    TimePoint deadline, const Options& options) {
  const auto waiting = std::make_shared<Waiting>();
  waiting->answered = std::make_shared<Event>(co_await asio::this_coro::executor);
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++next_id_;
    waiting_.emplace(id, waiting);
  }
  // Forgets the question however this ends, cancellation included.
  const std::shared_ptr<void> forget(nullptr, [this, id](void*) {
    const std::lock_guard lock(mutex_);
    waiting_.erase(id);
  });
  Bytes wire;
  if (primary != context_.self) wire = wire_form(id, slot, service, request, options.bulk);
  TimePoint sent{Duration::min()};
  while (context_.clock.now() < deadline) {
    const auto now = context_.clock.now();
    const bool first = sent.since_boot == Duration::min();
    if (primary == context_.self) {
      if (first) {
        context_.tasks.spawn(table_.strand_of(slot), "request", serve_local(id, slot, service, request));
        sent = now;
      }
    } else if (first || now - sent >= question_again) {
      context_.network.send(primary, Channel::operations, static_cast<std::uint16_t>(MessageKind::request),
                            wire);
      sent = now;
    }
    const auto alarm = context_.clock.call_at(std::min(deadline, now + answer_look),
                                              [event = waiting->answered] { event->set(); });
    co_await waiting->answered->wait();
    waiting->answered->reset();
    {
      const std::lock_guard lock(mutex_);
      if (waiting->answer) co_return std::move(*waiting->answer);
    }
    const auto map = table_.map();
    if (map->rows[slot].primary != primary) co_return fail(Errc::not_primary);
    if (options.only_if_alive && !can_commit(*map, slot))
      co_return fail(Errc::unavailable, "a copy is silent");
  }
  co_return fail(Errc::timed_out, "no answer");
}

void SlotRouter::on_answer(NodeId, Bytes payload) {
  replication::Answer answer;
  if (!answer.ParseFromString(payload)) return;
  if (answer.error() == 0) {
    settle(answer.id(), std::move(*answer.mutable_payload()));
  } else {
    settle(answer.id(), fail(static_cast<Errc>(answer.error() - 1), answer.text()));
  }
}

void SlotRouter::settle(std::uint64_t id, Result<Bytes> answer) {
  std::shared_ptr<Event> wake;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;  // nobody waits any more
    found->second->answer = std::move(answer);
    wake = found->second->answered;
  }
  wake->set();
}

Task<void> SlotRouter::serve_local(std::uint64_t id, SlotId slot, ServiceId service, Bytes request) {
  auto result = co_await serve_here(slot, service, context_.self, std::move(request));
  settle(id, std::move(result));
}

Task<Result<Bytes>> SlotRouter::serve_here(SlotId slot, ServiceId service, NodeId from, Bytes request) {
  auto access = table_.access(slot);
  if (!access) co_return fail(Errc::not_primary);
  context_.loads.note(slot, LoadBook::request_cost, context_.clock.now());
  const auto index = static_cast<std::size_t>(service);
  if (index >= services_.size() || services_[index] == nullptr)
    co_return fail(Errc::unsupported, "unknown service");
  co_return co_await services_[index]->handle(std::move(access), from, std::move(request));
}

void SlotRouter::on_request(NodeId from, Bytes payload) {
  replication::Request request;
  if (!request.ParseFromString(payload)) return;
  {
    const std::lock_guard lock(mutex_);
    if (!serving_.emplace(from, request.id()).second) return;
  }
  context_.tasks.spawn(
      table_.strand_of(request.slot()), "request",
      serve_remote(from, request.id(), request.slot(), static_cast<ServiceId>(request.service()),
                   std::move(*request.mutable_payload()), request.bulk()));
}

Task<void> SlotRouter::serve_remote(NodeId from, std::uint64_t id, SlotId slot, ServiceId service,
                                    Bytes request, bool bulk) {
  const std::shared_ptr<void> finished(nullptr, [this, from, id](void*) {
    const std::lock_guard lock(mutex_);
    serving_.erase({from, id});
  });
  auto result = co_await serve_here(slot, service, from, std::move(request));
  replication::Answer answer;
  answer.set_id(id);
  if (result) {
    answer.set_payload(std::move(*result));
  } else {
    answer.set_error(static_cast<std::uint32_t>(result.error().code) + 1);
    answer.set_text(result.error().text);
  }
  context_.network.send(from, bulk ? Channel::bulk : Channel::operations,
                        static_cast<std::uint16_t>(MessageKind::answer), answer.SerializeAsString());
}

}  // namespace gridmail
