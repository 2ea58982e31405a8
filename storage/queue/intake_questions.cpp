// The part of IntakeService that people use: what the journals of all nodes hold, hand it over now, drop it.
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "storage/queue/intake_service.hpp"

namespace gridmail {
namespace {

constexpr Duration answers_max = std::chrono::seconds(2);
constexpr int listed_recipients_max = 100;
constexpr std::size_t listed_records_max = 10'000;

queue::Summary summary_of(const queue::IntakeRecord& record) {
  queue::Summary summary;
  summary.set_entry(record.id());
  summary.set_sender(record.message().sender());
  summary.set_body_size(record.message().body_size());
  summary.set_accepted(record.message().accepted());
  summary.set_recipients(static_cast<std::uint32_t>(record.recipients_size()));
  summary.set_left(summary.recipients());
  for (const auto& recipient : record.recipients()) {
    if (summary.waiting_size() >= listed_recipients_max) break;
    summary.add_waiting(recipient.address());
  }
  return summary;
}

}  // namespace

/// One question under way.
struct IntakeService::Asking {
  explicit Asking(const asio::any_io_executor& executor) : changed(std::make_shared<Event>(executor)) {}
  void add(std::vector<queue::Summary> records) {
    for (auto& record : records) found.try_emplace(record.entry(), std::move(record));
  }
  std::set<NodeId> awaited;
  std::map<Bytes, queue::Summary> found;  ///< by record: two nodes hold it
  std::shared_ptr<Event> changed;
};

Task<std::vector<queue::Summary>> IntakeService::list_here() {
  return asio::co_spawn(strand_, fulfil(queue::Question::LIST, std::nullopt), asio::use_awaitable);
}

Task<std::size_t> IntakeService::count_here() {
  const auto count = [this]() -> Task<std::size_t> { co_return held_.size(); };
  co_return co_await asio::co_spawn(strand_, count(), asio::use_awaitable);
}

Task<std::vector<queue::Summary>> IntakeService::list() {
  return ask(queue::Question::LIST, std::nullopt);
}

Task<Result<void>> IntakeService::retry(IntakeId id) {
  const auto found = co_await ask(queue::Question::RETRY, id);
  if (found.empty()) co_return fail(Errc::not_found, "no record " + id.hex());
  co_return Result<void>{};
}

Task<Result<void>> IntakeService::remove(IntakeId id) {
  const auto found = co_await ask(queue::Question::REMOVE, id);
  if (found.empty()) co_return fail(Errc::not_found, "no record " + id.hex());
  co_return Result<void>{};
}

Task<IntakeService::Found> IntakeService::ask(queue::Question::Wish wish, std::optional<IntakeId> id) {
  return asio::co_spawn(strand_, ask_on_strand(wish, id), asio::use_awaitable);
}

Task<IntakeService::Found> IntakeService::ask_on_strand(queue::Question::Wish wish,
                                                        std::optional<IntakeId> id) {
  const auto asking = std::make_shared<Asking>(strand_);
  const auto number = ++questions_;
  asking_[number] = asking;
  queue::IntakeMessage message;
  if (id) message.set_id(id->bytes());
  message.mutable_question()->set_number(number);
  message.mutable_question()->set_wish(wish);
  for (const auto& node : candidates(std::nullopt)) {
    if (!ports_.alive(node)) continue;
    asking->awaited.insert(node);
    send_intake(ports_.network, node, message);
  }
  auto own = co_await fulfil(wish, id);
  asking->add(std::move(own));
  const auto deadline = ports_.clock.now() + answers_max;
  while (!asking->awaited.empty() && ports_.clock.now() < deadline) {
    asking->changed->reset();
    co_await before(ports_.clock, deadline, asking->changed);
  }
  asking_.erase(number);
  Found found;
  for (auto& [record, summary] : asking->found) found.push_back(std::move(summary));
  co_return found;
}

Task<void> IntakeService::answer(NodeId from, queue::IntakeMessage message) {
  const auto id = IntakeId::from_bytes(message.id());
  const auto& question = message.question();
  if (!recovered_ || (!id && question.wish() != queue::Question::LIST)) co_return;
  auto records = co_await fulfil(question.wish(), id);
  queue::IntakeMessage reply;
  reply.mutable_answer()->set_number(question.number());
  for (auto& record : records) *reply.mutable_answer()->add_records() = std::move(record);
  send_intake(ports_.network, from, reply);
}

void IntakeService::take_answer(NodeId from, queue::Answer answer) {
  const auto asking = asking_.find(answer.number());
  if (asking == asking_.end() || asking->second->awaited.erase(from) == 0) return;
  asking->second->add({answer.records().begin(), answer.records().end()});
  asking->second->changed->set();
}

/// Here: what the wish was about, before it was fulfilled.
Task<IntakeService::Found> IntakeService::fulfil(queue::Question::Wish wish, std::optional<IntakeId> id) {
  std::vector<IntakeId> ids;
  for (const auto& [held, state] : held_) {
    if ((!id || held == *id) && ids.size() < listed_records_max) ids.push_back(held);
  }
  Found found;
  for (const auto& one : ids) {
    const auto record = co_await journal_.read(one);
    const auto held = held_.find(one);
    if (!record || !*record || held == held_.end()) continue;
    auto summary = summary_of(**record);
    if (held->second.expired)
      summary.set_last_error("over 14 days old: not handed over unless it is retried");
    found.push_back(std::move(summary));
    if (wish == queue::Question::RETRY) {
      held->second.wanted = true;
      if (!held->second.busy) schedule(one, Duration{0});
    }
    if (wish == queue::Question::REMOVE) co_await take_drop(one);
  }
  co_return found;
}

}  // namespace gridmail
