#include "node/services/dns/domain_check.hpp"

#include "node/runtime/parallel.hpp"

namespace gridmail {
namespace {

constexpr std::size_t questions_at_once = 32;
constexpr std::size_t questions_max = 200;

/// Owned by the lanes.
struct Round {
  std::vector<DnsAnswers::Question> questions;
  DnsAnswers answers;
  TimePoint deadline;
};

Task<void> ask(RecordSearch& records, Clock& clock, std::shared_ptr<Round> round, std::size_t index) {
  const auto question = round->questions[index];
  auto answer = co_await before(clock, round->deadline, records.records(question.second, question.first));
  if (!answer) answer.emplace(fail(Errc::timed_out, "no answer"));
  round->answers.add(question, std::move(*answer));
}

Task<void> ask_all(RecordSearch& records, Clock& clock, TaskGroup& tasks, std::shared_ptr<Round> round) {
  round->questions.resize(std::min(round->questions.size(), questions_max));
  round->deadline = clock.now() + dns_round_max;
  const auto step = [&records, &clock, round](std::size_t index) {
    return ask(records, clock, round, index);
  };
  co_await run_parallel(tasks, "ask the DNS", round->questions.size(), questions_at_once, step);
}

}  // namespace

Task<std::vector<DomainRecord>> check_domain(DomainFacts facts, RecordSearch& records, Clock& clock,
                                             TaskGroup& tasks) {
  const auto round = std::make_shared<Round>();
  round->questions = first_questions(facts);
  co_await ask_all(records, clock, tasks, round);
  round->questions = second_questions(facts, round->answers);
  co_await ask_all(records, clock, tasks, round);
  co_return judge(facts, round->answers);
}

}  // namespace gridmail
