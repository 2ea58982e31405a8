#include "node/cli/job_wait.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "node/cli/outcome.hpp"
#include "node/cli/progress.hpp"
#include "node/cli/text_view.hpp"

namespace gridmail::cli {
namespace {

using Time = std::chrono::steady_clock;

constexpr auto look_again = std::chrono::milliseconds(300);
/// The node that is asked may be the one that goes, or have its hands full.
constexpr auto silence_max = std::chrono::seconds(30);
/// So long after the change the grid may not have planned what follows from it.
constexpr auto planned_within = std::chrono::seconds(3);

/// Asks again and again; an error comes out once there was nothing else for half a minute.
class PatientReader {
 public:
  explicit PatientReader(const ApiClient& api) : api_(api) {}
  Result<Json> get_all(std::string_view target) {
    for (;;) {
      auto answer = api_.get_all(target);
      if (answer) {
        answered_ = Time::now();
        return answer;
      }
      const bool may_pass = answer.error().temporary();
      if (!may_pass || Time::now() - answered_ > silence_max) return answer;
      std::this_thread::sleep_for(look_again);
    }
  }

 private:
  const ApiClient& api_;
  Time::time_point answered_ = Time::now();
};

const Json* find(const Json& jobs, const std::string& id) {
  for (const auto& job : jobs) {
    if (job.at("id") == id) return &job;
  }
  return nullptr;
}

bool is_over(const Json& job) {
  return job.at("state") == "done";
}

void show_job(Progress& progress, const Json& job) {
  std::optional<std::chrono::seconds> left;
  if (job.at("seconds_left").is_number())
    left = std::chrono::seconds(job.at("seconds_left").get<std::int64_t>());
  std::string note;
  if (job.at("state") == "paused") note = "paused";
  if (!job.at("waits_for").is_null()) note = fmt::format("waits for {}", cell_text(job.at("waits_for")));
  progress.show(job.at("slots_done").get<std::size_t>(), job.at("slots_total").get<std::size_t>(), left,
                note);
}

/// Returns the job's last row; nothing when it never came to anything. `known`: the jobs before it was begun:
/// one of the same name may be over since long ago.
Result<std::optional<Json>> wait_for(const ApiClient& api, const Arguments& arguments, const std::string& id,
                                     const Json& known) {
  const auto* former = find(known, id);
  const auto begun = Time::now();
  auto progress = Progress::on_terminal(id + ": slots", arguments);
  PatientReader reader(api);
  std::optional<Json> last;
  for (;;) {
    const auto jobs = reader.get_all("/jobs");
    if (!jobs) return tl::unexpected(jobs.error());
    const auto* job = find(*jobs, id);
    const bool is_former = job != nullptr && former != nullptr && is_over(*job) && *job == *former;
    if (job != nullptr && !is_former) {
      last = *job;
      if (is_over(*job)) return last;
      show_job(progress, *job);
    } else if (last || Time::now() - begun > planned_within) {
      return last;
    }
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace

Result<Outcome> begin_and_wait(const ApiClient& api, const Arguments& arguments,
                               const std::function<Result<Json>()>& begin, std::string sentence) {
  const bool waits = arguments.contains("--wait");
  auto known = waits ? api.get_all("/jobs") : Result<Json>(Json::array());
  if (!known) return tl::unexpected(known.error());
  auto answer = begin();
  const bool has_job = answer && !is_dry_run(*answer) && answer->value("job", Json()).is_string();
  auto outcome = acted(std::move(answer), std::move(sentence));
  if (!waits || !has_job) return outcome;
  const auto id = outcome->document.at("job").get<std::string>();
  auto job = wait_for(api, arguments, id, *known);
  if (!job)
    return fail(job.error().code, fmt::format("{}; {} goes on, as job list says", job.error().text, id));
  outcome->text += fmt::format("{} is over\n", id);
  if (*job) outcome->document["ended"] = (*job)->at("ended");
  return outcome;
}

Result<Outcome> job_wait(const ApiClient& api, const Arguments& arguments) {
  const auto& id = arguments.at("id");
  const auto jobs = api.get_all("/jobs");
  if (!jobs) return tl::unexpected(jobs.error());
  if (find(*jobs, id) == nullptr) return fail(Errc::not_found, "no job " + id);
  auto job = wait_for(api, arguments, id, Json::array());
  if (!job) return tl::unexpected(job.error());
  if (!*job) return fail(Errc::not_found, "no job " + id);
  return Outcome{std::move(**job), fmt::format("{} is over\n", id), 0};
}

Result<Outcome> node_scrub(const ApiClient& api, const Arguments& arguments) {
  auto outcome =
      acted(api.post("/scrub", Json::object()), "this node compares its slots with their other copies now");
  if (!outcome || !arguments.contains("--wait")) return outcome;
  auto progress = Progress::on_terminal("scrub: slots", arguments);
  std::size_t total = 0;
  for (;;) {
    const auto status = api.get("/status");
    if (!status) return tl::unexpected(status.error());
    const auto& scrub = status->at("scrub");
    const auto due = scrub.at("slots_due").get<std::size_t>();
    const auto waiting = scrub.value("slots_waiting", std::size_t{0});
    if (due == waiting) {
      outcome->document["scrub"] = scrub;
      outcome->text +=
          fmt::format("the round is over; since the node started {} keys were compared and {} mended\n",
                      cell_text(scrub.at("keys")), cell_text(scrub.at("mended")));
      if (waiting > 0)
        outcome->text +=
            fmt::format("{} slots wait for their other copies and are compared later\n", waiting);
      return outcome;
    }
    total = std::max(total, due);
    progress.show(total - due, total);
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace gridmail::cli
