#include "gossip/survey.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>
#include <iterator>

#include "gossip/message_kind.hpp"

namespace gridmail {
namespace {

constexpr std::size_t answered_at_once_max = 64;

}  // namespace

/// One question under way.
struct Survey::Asking {
  explicit Asking(const asio::any_io_executor& executor) : changed(std::make_shared<Event>(executor)) {}
  std::set<NodeId> awaited;
  std::vector<std::pair<NodeId, Bytes>> given;
  std::shared_ptr<Event> changed;
};

Survey::Survey(Ports ports) : ports_(std::move(ports)) {}

void Survey::answer_with(SurveyTopic topic, Answerer answerer) {
  answerers_.at(static_cast<std::size_t>(topic)) = std::move(answerer);
}

Task<Survey::Answers> Survey::ask(SurveyTopic topic, Bytes question, Duration wait_max) {
  return asio::co_spawn(ports_.strand, ask_on_strand(topic, std::move(question), wait_max),
                        asio::use_awaitable);
}

Task<Survey::Answers> Survey::ask_on_strand(SurveyTopic topic, Bytes question, Duration wait_max) {
  const auto asking = std::make_shared<Asking>(ports_.strand);
  const auto number = ++questions_;
  asking_[number] = asking;
  // Forgets the question however this ends, cancellation included.
  const std::shared_ptr<void> forget(nullptr, [this, number](void*) { asking_.erase(number); });
  survey::SurveyMessage message;
  message.set_number(number);
  message.set_topic(static_cast<std::uint32_t>(topic));
  message.set_text(question);
  const auto members = ports_.members();
  for (const auto& node : members.alive) {
    if (node == ports_.self) continue;
    asking->awaited.insert(node);
    send(node, message);
  }
  const auto deadline = ports_.clock.now() + wait_max;
  Answers answers;
  auto own = co_await answer(message.topic(), std::move(question));
  if (own) {
    answers.given.emplace_back(ports_.self, std::move(*own));
  } else {
    answers.silent.push_back(ports_.self);
  }
  while (!asking->awaited.empty() && ports_.clock.now() < deadline) {
    asking->changed->reset();
    co_await before(ports_.clock, deadline, asking->changed);
  }
  for (auto& given : asking->given) answers.given.push_back(std::move(given));
  answers.silent.insert(answers.silent.end(), asking->awaited.begin(), asking->awaited.end());
  // Nobody waits for the dead, but what they know is missing all the same.
  std::copy_if(members.dead.begin(), members.dead.end(), std::back_inserter(answers.silent),
               [this](NodeId node) { return node != ports_.self; });
  co_return answers;
}

Task<Result<Bytes>> Survey::answer(std::uint32_t topic, Bytes question) {
  if (topic >= answerers_.size() || !answerers_[topic]) co_return fail(Errc::unsupported, "not known here");
  auto text = co_await answerers_[topic](std::move(question));
  co_return text;
}

void Survey::on_message(NodeId from, Bytes payload) {
  survey::SurveyMessage message;
  if (message.ParseFromString(payload))
    ports_.tasks.spawn(ports_.strand, "survey", take(from, std::move(message)));
}

Task<void> Survey::take(NodeId from, survey::SurveyMessage message) {
  if (message.topic() == 0) {
    const auto asking = asking_.find(message.number());
    if (asking == asking_.end() || asking->second->awaited.erase(from) == 0) co_return;
    asking->second->given.emplace_back(from, std::move(*message.mutable_text()));
    asking->second->changed->set();
    co_return;
  }
  if (answering_ >= answered_at_once_max) co_return;  // who asks counts this node as silent
  ++answering_;
  const std::shared_ptr<void> done(nullptr, [this](void*) { --answering_; });
  auto text = co_await answer(message.topic(), std::move(*message.mutable_text()));
  if (!text) co_return;
  message.set_topic(0);
  message.set_text(std::move(*text));
  send(from, message);
}

void Survey::send(NodeId to, const survey::SurveyMessage& message) {
  ports_.network.send(to, Channel::operations, static_cast<std::uint16_t>(MessageKind::survey),
                      message.SerializeAsString());
}

}  // namespace gridmail
