#include "storage/trace/trace_service.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr Duration written_every = std::chrono::seconds(1);
constexpr int pruned_every = 60;  // times that
constexpr Duration answers_max = std::chrono::seconds(2);
constexpr std::size_t messages_followed_max = 100;
constexpr int terms_asked_max = 300;

void sort_by_time(std::vector<trace::Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& one, const auto& other) { return one.at() < other.at(); });
  const auto last = std::unique(events.begin(), events.end(), [](const auto& one, const auto& other) {
    return one.SerializeAsString() == other.SerializeAsString();
  });
  events.erase(last, events.end());
}

}  // namespace

/// One question under way.
struct TraceService::Asking {
  explicit Asking(const asio::any_io_executor& executor) : changed(std::make_shared<Event>(executor)) {}
  std::set<NodeId> awaited;
  std::vector<trace::Event> events;
  std::shared_ptr<Event> changed;
};

TraceService::TraceService(Ports ports, TraceBook::Settings settings)
    : ports_(std::move(ports)),
      book_(ports_.clock, ports_.store, settings),
      strand_(asio::make_strand(ports_.executor)) {}

Task<Result<void>> TraceService::start() {
  auto loaded = co_await book_.load();
  if (loaded) tasks_.spawn(strand_, "keep book", keep_book());
  co_return loaded;
}

Task<void> TraceService::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Task<void> TraceService::keep_book() {
  for (int round = 0;; ++round) {
    co_await sleep_for(ports_.clock, written_every);
    auto done = co_await book_.flush();
    if (done && round % pruned_every == 0) done = co_await book_.prune();
    if (!done) log(Level::warn, "trace.not_written", {{"error", done.error().text}});
  }
}

void TraceService::on_message(NodeId from, Bytes payload) {
  tasks_.spawn(strand_, "message", take(from, std::move(payload)));
}

Task<void> TraceService::take(NodeId from, Bytes payload) {
  trace::TraceMessage message;
  if (!message.ParseFromString(payload) || message.terms_size() > terms_asked_max) co_return;
  if (message.terms_size() > 0) {
    const auto found = co_await book_.find({message.terms().begin(), message.terms().end()});
    if (!found) co_return;
    trace::TraceMessage reply;
    reply.set_number(message.number());
    for (const auto& event : *found) *reply.add_events() = event;
    send(from, reply);
    co_return;
  }
  const auto asking = asking_.find(message.number());
  if (asking == asking_.end() || asking->second->awaited.erase(from) == 0) co_return;
  for (auto& event : *message.mutable_events()) {
    event.set_node(from.bytes());
    asking->second->events.push_back(std::move(event));
  }
  asking->second->changed->set();
}

Task<Result<TraceService::Answer>> TraceService::find(std::string what) {
  return asio::co_spawn(strand_, find_on_strand(std::move(what)), asio::use_awaitable);
}

/// What the word names first, and then all that goes by the names of the messages found.
Task<Result<TraceService::Answer>> TraceService::find_on_strand(std::string what) {
  const auto named = std::make_shared<Answer>();
  std::vector<std::string> terms(1, what);
  if (auto done = co_await ask(terms, named); !done) co_return tl::unexpected(done.error());
  std::set<std::string> names;
  for (auto event = named->events.rbegin(); event != named->events.rend(); ++event) {  // the newest
    if (names.size() >= messages_followed_max) break;
    if (!event->id().empty()) names.insert(event->id());
    if (!event->entry().empty()) names.insert(event->entry());
  }
  if (names.empty()) co_return std::move(*named);
  // An entry found by its id names the message, whose id finds the rest.
  const auto all = std::make_shared<Answer>();
  terms.assign(names.begin(), names.end());
  if (auto done = co_await ask(terms, all); !done) co_return tl::unexpected(done.error());
  all->events.insert(all->events.end(), named->events.begin(), named->events.end());
  sort_by_time(all->events);
  co_return std::move(*all);
}

Task<Result<void>> TraceService::ask(std::vector<std::string> terms, std::shared_ptr<Answer> answer) {
  const auto asking = std::make_shared<Asking>(strand_);
  const auto number = ++questions_;
  asking_[number] = asking;
  trace::TraceMessage message;
  message.set_number(number);
  for (const auto& term : terms) message.add_terms(term);
  for (const auto& node : ports_.others()) {
    if (node == ports_.self) continue;
    asking->awaited.insert(node);
    send(node, message);
  }
  auto own = co_await book_.find(std::move(terms));
  const auto deadline = ports_.clock.now() + answers_max;
  while (own && !asking->awaited.empty() && ports_.clock.now() < deadline) {
    asking->changed->reset();
    co_await before(ports_.clock, deadline, asking->changed);
  }
  asking_.erase(number);
  if (!own) co_return tl::unexpected(own.error());
  for (auto& event : *own) event.set_node(ports_.self.bytes());
  answer->events = std::move(*own);
  answer->events.insert(answer->events.end(), asking->events.begin(), asking->events.end());
  answer->silent.assign(asking->awaited.begin(), asking->awaited.end());
  sort_by_time(answer->events);
  co_return Result<void>{};
}

void TraceService::send(NodeId to, const trace::TraceMessage& message) {
  ports_.network.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::trace),
                      message.SerializeAsString());
}

}  // namespace gridmail
