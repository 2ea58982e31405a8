#include "gossip/survey.hpp"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "gossip/message_kind.hpp"
#include "node/base/random.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/unit/gossip/support/sample_map.hpp"

namespace gridmail {
namespace {

using namespace std::chrono_literals;
using test::node;

/// Three nodes that can ask one another.
class Surveys {
 public:
  Surveys() {
    for (unsigned i = 1; i <= 3; ++i) {
      auto* one = nodes_.emplace_back(std::make_unique<Node>(*this, node(i))).get();
      one->network->on_message([one](NodeId from, std::uint16_t kind, Bytes payload) {
        REQUIRE(kind == static_cast<std::uint16_t>(MessageKind::survey));
        one->survey.on_message(from, std::move(payload));
      });
      one->survey.answer_with(SurveyTopic::figures, [this, i](Bytes question) -> Task<Result<Bytes>> {
        if (question == "secret") co_return fail(Errc::denied);
        if (i == slow) co_await sleep_for(clock, 5s);
        co_return question + std::to_string(i);
      });
    }
  }
  Surveys(const Surveys&) = delete;
  ~Surveys() {
    for (const auto& one : nodes_) one->tasks.cancel();
    run_until(clock.now() + 1s);
  }

  Survey::Answers ask(unsigned from, Bytes question) {
    std::optional<Survey::Answers> answers;
    asio::co_spawn(context, nodes_[from - 1]->survey.ask(SurveyTopic::figures, std::move(question), 1s),
                   [&](std::exception_ptr thrown, Survey::Answers got) {
                     REQUIRE(!thrown);
                     answers = std::move(got);
                   });
    const auto begun = clock.now();
    while (!answers && clock.now() < begun + 10s) run_until(clock.now() + 10ms);
    REQUIRE(answers);
    took = clock.now() - begun;
    if (!answers->given.empty()) std::sort(answers->given.begin() + 1, answers->given.end());
    return *answers;
  }

  asio::io_context context;
  test::VirtualClock clock;
  SeededRandom random{1};
  test::LossyNetwork network{clock, random};
  Survey::Members members{{node(1), node(2), node(3)}, {}};
  unsigned slow = 0;
  Duration took{};

 private:
  struct Node {
    Node(Surveys& all, NodeId id)
        : network(all.network.attach(id, id.hex())),
          survey(
              {id, all.context.get_executor(), all.clock, *network, tasks, [&all] { return all.members; }}) {}
    TaskGroup tasks{"node"};
    std::unique_ptr<Network> network;
    Survey survey;
  };
  void run_until(TimePoint until) {
    for (;;) {
      context.restart();
      context.poll();
      if (clock.next_alarm() > until) break;
      clock.ring_next();
    }
    clock.set_now(until);
  }

  std::vector<std::unique_ptr<Node>> nodes_;
};

using Given = std::vector<std::pair<NodeId, Bytes>>;

TEST_CASE("all nodes that live answer, the own one first") {
  Surveys surveys;
  const auto answers = surveys.ask(2, "q");
  CHECK(answers.given == Given{{node(2), "q2"}, {node(1), "q1"}, {node(3), "q3"}});
  CHECK(answers.silent.empty());
  CHECK(surveys.took < 100ms);
}

TEST_CASE("who is slow, cannot be reached or will not say is silent, and waited for as long as was said") {
  Surveys surveys;
  SUBCASE("slow") {
    surveys.slow = 3;
  }
  SUBCASE("not reached") {
    surveys.network.block(node(1), node(3));
  }
  SUBCASE("its answer is lost") {
    surveys.network.block(node(3), node(1));
  }
  const auto answers = surveys.ask(1, "q");
  CHECK(answers.given == Given{{node(1), "q1"}, {node(2), "q2"}});
  CHECK(answers.silent == std::vector{node(3)});
  CHECK(surveys.took >= 1s);
  CHECK(surveys.took < 1100ms);
}

TEST_CASE("an error is no answer, here neither") {
  Surveys surveys;
  const auto answers = surveys.ask(1, "secret");
  CHECK(answers.given.empty());
  CHECK(answers.silent.size() == 3);
}

TEST_CASE("the dead are not asked, and silent") {
  Surveys surveys;
  surveys.members = {{node(2)}, {node(1), node(3)}};  // who asks does not ask itself whether it lives
  const auto answers = surveys.ask(1, "q");
  CHECK(answers.given == Given{{node(1), "q1"}, {node(2), "q2"}});
  CHECK(answers.silent == std::vector{node(3)});
  CHECK(surveys.took < 100ms);
}

TEST_CASE("answers twice, late or never asked for are nobody's, and rubbish is dropped") {
  Surveys surveys;
  surveys.network.faults.duplicates = 1;
  surveys.slow = 2;
  CHECK(surveys.ask(1, "q").given.size() == 2);
  surveys.slow = 0;
  const auto again = surveys.ask(1, "r");
  CHECK(again.given == Given{{node(1), "r1"}, {node(2), "r2"}, {node(3), "r3"}});
}

}  // namespace
}  // namespace gridmail
