#include "storage/trace/trace_service.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr Duration written_every = std::chrono::seconds(1);
constexpr int pruned_every = 60;  // times that
constexpr Duration answers_max = std::chrono::seconds(2);
constexpr std::size_t messages_followed_max = 100;
constexpr int terms_asked_max = 300;

/// A message that was received and queued is one record.
void tell(trace::Event event, trace::TraceMessage& answer) {
  trace::Event queued;
  if (event.queued_at() != 0) {
    queued.set_what(trace::Event::QUEUED);
    queued.set_at(event.queued_at());
    queued.set_id(event.id());
    queued.set_entry(event.entry());
    event.clear_queued_at();
    event.clear_entry();
  }
  event.clear_by_id();
  *answer.add_events() = std::move(event);
  if (queued.at() != 0) *answer.add_events() = std::move(queued);
}

void sort_by_time(std::vector<trace::Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& one, const auto& other) { return one.at() < other.at(); });
  const auto last = std::unique(events.begin(), events.end(), [](const auto& one, const auto& other) {
    return one.SerializeAsString() == other.SerializeAsString();
  });
  events.erase(last, events.end());
}

}  // namespace

TraceService::TraceService(Ports ports, TraceBook::Settings settings)
    : ports_(std::move(ports)),
      book_(ports_.clock, ports_.store, settings),
      strand_(asio::make_strand(ports_.executor)) {
  ports_.survey.answer_with(SurveyTopic::trace, [this](Bytes question) -> Task<Result<Bytes>> {
    return asio::co_spawn(strand_, answer(std::move(question)), asio::use_awaitable);
  });
}

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

Task<Result<Bytes>> TraceService::answer(Bytes question) {
  trace::TraceMessage message;
  if (!message.ParseFromString(question) || message.terms_size() > terms_asked_max)
    co_return fail(Errc::invalid, "not a question");
  const auto found = co_await book_.find({message.terms().begin(), message.terms().end()});
  if (!found) {
    log(Level::warn, "trace.not_read", {{"error", found.error().text}});
    co_return tl::unexpected(found.error());
  }
  message.clear_terms();
  for (const auto& event : *found) tell(event, message);
  co_return message.SerializeAsString();
}

/// What the word names first, and then all that goes by the names of the messages found.
Task<TraceService::Answer> TraceService::find(std::string what) {
  std::vector<std::string> terms;
  terms.push_back(std::move(what));
  auto named = co_await ask(std::move(terms));
  std::set<std::string> names;
  for (auto event = named.events.rbegin(); event != named.events.rend(); ++event) {  // the newest
    if (names.size() >= messages_followed_max) break;
    if (!event->id().empty()) names.insert(event->id());
    if (!event->entry().empty()) names.insert(event->entry());
  }
  if (names.empty()) co_return named;
  // An entry found by its id names the message, whose id finds the rest.
  terms.assign(names.begin(), names.end());
  auto all = co_await ask(std::move(terms));
  all.events.insert(all.events.end(), named.events.begin(), named.events.end());
  sort_by_time(all.events);
  co_return all;
}

Task<TraceService::Answer> TraceService::ask(std::vector<std::string> terms) {
  trace::TraceMessage question;
  for (auto& term : terms) question.add_terms(std::move(term));
  auto asked = co_await ports_.survey.ask(SurveyTopic::trace, question.SerializeAsString(), answers_max);
  Answer answer;
  answer.silent = std::move(asked.silent);
  for (const auto& [node, text] : asked.given) {
    trace::TraceMessage message;
    if (!message.ParseFromString(text)) continue;
    for (auto& event : *message.mutable_events()) {
      event.set_node(node.bytes());
      answer.events.push_back(std::move(event));
    }
  }
  sort_by_time(answer.events);
  co_return answer;
}

}  // namespace gridmail
