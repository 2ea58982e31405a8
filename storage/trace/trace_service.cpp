#include "storage/trace/trace_service.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <iterator>
#include <set>
#include <unordered_set>

#include "node/base/log.hpp"

namespace gridmail {
namespace {

constexpr Duration written_every = std::chrono::seconds(1);
constexpr int pruned_every = 60;  // times that
constexpr Duration answers_max = std::chrono::seconds(2);
constexpr std::size_t terms_asked_max = 300;
constexpr std::size_t messages_followed_max = TraceBook::Settings().found_max;

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

/// Each once; those of one time stay in the order in which they were found.
void sort_by_time(std::vector<trace::Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& one, const auto& other) { return one.at() < other.at(); });
  std::unordered_set<std::string> seen;
  std::erase_if(events, [&](const auto& event) { return !seen.insert(event.SerializeAsString()).second; });
}

/// Of the newest messages, newest first, each once: their ids, and their entries, by which alone it is known
/// that they were removed.
std::vector<std::string> names_of_messages(const std::vector<trace::Event>& events) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  std::size_t ids = 0;
  for (auto event = events.rbegin(); event != events.rend() && ids < messages_followed_max; ++event) {
    for (const auto* name : {&event->id(), &event->entry()}) {
      if (name->empty() || !seen.insert(*name).second) continue;
      names.push_back(*name);
      if (name == &event->id() || event->id().empty()) ++ids;
    }
  }
  return names;
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
  if (!message.ParseFromString(question) || static_cast<std::size_t>(message.terms_size()) > terms_asked_max)
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

/// What the word names first, and then all that goes by the names of the messages found: much of what became
/// of a message is found by its id alone. A book answers with no more than its limit, so few are asked for at
/// a time.
Task<TraceService::Answer> TraceService::find(std::string what) {
  std::vector<std::string> terms;
  terms.push_back(std::move(what));
  auto all = co_await ask(std::move(terms));
  const auto names = names_of_messages(all.events);
  std::set<NodeId> silent(all.silent.begin(), all.silent.end());
  for (std::size_t at = 0; at < names.size(); at += terms_asked_max) {
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(terms_asked_max, names.size() - at);
    terms.assign(first, first + static_cast<std::ptrdiff_t>(count));
    auto more = co_await ask(std::move(terms));
    std::move(more.events.begin(), more.events.end(), std::back_inserter(all.events));
    silent.insert(more.silent.begin(), more.silent.end());
  }
  sort_by_time(all.events);
  all.silent.assign(silent.begin(), silent.end());
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
