#include "node/base/metrics.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

using namespace gridmail;
using namespace std::chrono_literals;

namespace {

metrics::Counter things{"test_things_total", "Things."};
metrics::Outcomes asked{"test_asked_total", "Asked.", "way=\"here\""};
metrics::Histogram took{"test_took_seconds", "How long."};

std::string line_of(const std::string& text, const std::string& begin) {
  const auto at = text.find("\n" + begin + " ");
  REQUIRE(at != std::string::npos);
  const auto value = at + begin.size() + 2;
  return text.substr(value, text.find('\n', value) - value);
}

}  // namespace

TEST_CASE("counters and outcomes are told with their labels") {
  things.add();
  things.add(4);
  asked.count(Result<int>(1));
  asked.count(Result<int>(tl::unexpected(Error{Errc::unavailable, ""})), 2);
  asked.count(Result<int>(tl::unexpected(Error{Errc::invalid, ""})));
  const auto text = metrics::exposition();
  CHECK(line_of(text, "gridmail_test_things_total") == "5");
  CHECK(line_of(text, R"(gridmail_test_asked_total{way="here",outcome="accepted"})") == "1");
  CHECK(line_of(text, R"(gridmail_test_asked_total{way="here",outcome="deferred"})") == "2");
  CHECK(line_of(text, R"(gridmail_test_asked_total{way="here",outcome="refused"})") == "1");
}

TEST_CASE("a histogram's buckets hold all that took no longer") {
  took.observe(0s);
  took.observe(1ms);
  took.observe(2ms);
  took.observe(20s);
  took.observe(60s);
  const auto text = metrics::exposition();
  CHECK(line_of(text, R"(gridmail_test_took_seconds_bucket{le="0.001"})") == "2");
  CHECK(line_of(text, R"(gridmail_test_took_seconds_bucket{le="0.0025"})") == "3");
  CHECK(line_of(text, R"(gridmail_test_took_seconds_bucket{le="10"})") == "3");
  CHECK(line_of(text, R"(gridmail_test_took_seconds_bucket{le="30"})") == "4");
  CHECK(line_of(text, R"(gridmail_test_took_seconds_bucket{le="+Inf"})") == "5");
  CHECK(line_of(text, "gridmail_test_took_seconds_count") == "5");
  CHECK(line_of(text, "gridmail_test_took_seconds_sum") == "80.003000");
}

TEST_CASE("each name has one HELP and one TYPE, before its figures") {
  std::istringstream lines(metrics::exposition());
  std::set<std::string> typed;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    const auto name = line.substr(7, line.find(' ', 7) - 7);
    CHECK(typed.insert(name).second);
  }
  CHECK(typed.contains("gridmail_test_took_seconds"));
}
