#include "node/sendmail/sendmail_arguments.hpp"

#include <doctest/doctest.h>

using namespace gridmail;
using namespace gridmail::sendmail;

namespace {

Result<CommandLine> parse(const std::vector<const char*>& arguments, std::string_view program = "sendmail") {
  return parse_arguments(program, arguments);
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what mail programs write is understood") {
  const auto line = parse({"-oi", "-t", "-f", "joe@a.test", "-FJoe Six", "x@b.test", "<y@b.test>"});
  REQUIRE(line);
  CHECK(line->mode == Mode::deliver);
  CHECK(line->dot_is_text);
  CHECK(line->recipients_in_header);
  CHECK(line->sender == "joe@a.test");
  CHECK(line->full_name == "Joe Six");
  CHECK(line->recipients == Names{"x@b.test", "y@b.test"});
}

TEST_CASE("flags may stand together, and values be attached") {
  const auto line = parse({"-ti", "-fjoe@a.test", "-bm", "-oem", "-odq", "-B8BITMIME", "--", "-x@b.test"});
  REQUIRE(line);
  CHECK(line->dot_is_text);
  CHECK(line->recipients_in_header);
  CHECK(line->sender == "joe@a.test");
  CHECK(line->recipients == Names{"-x@b.test"});
}

TEST_CASE("the null sender is one") {
  CHECK(parse({"-f", "<>", "x@b.test"})->sender == "");
  CHECK(parse({"-f", "", "x@b.test"})->sender == "");
  CHECK(!parse({"x@b.test"})->sender);
}

TEST_CASE("notices are asked for as RFC 3461 writes it") {
  const auto line = parse({"-N", "success,Delay", "-R", "hdrs", "-Vid+2B7", "x@b.test"});
  REQUIRE(line);
  CHECK(line->notify == "SUCCESS,DELAY");
  CHECK(line->returned == "HDRS");
  CHECK(line->envelope_id == "id+2B7");
  CHECK(parse({"-Nnever"})->notify == "NEVER");
  for (const char* wrong : {"-Nsometimes", "-Nnever,delay", "-Nsuccess,", "-Rall", "-Va=b", "-Va b"})
    CHECK(!parse({wrong}));
}

TEST_CASE("the name it is called by is a mode") {
  CHECK(parse({}, "/usr/bin/mailq")->mode == Mode::list_queue);
  CHECK(parse({}, "newaliases")->mode == Mode::do_nothing);
  CHECK(parse({"-bs"})->mode == Mode::speak_smtp);
  CHECK(parse({"-bp"})->mode == Mode::list_queue);
  CHECK(parse({"-bi"})->mode == Mode::do_nothing);
  CHECK(parse({"-q"})->mode == Mode::do_nothing);
  CHECK(parse({"-q30m"})->mode == Mode::do_nothing);
}

TEST_CASE("what is not known is refused") {
  CHECK(!parse({"-bz"}));
  CHECK(!parse({"-Z"}));
  CHECK(!parse({"-f"}));
  CHECK(!parse({"-bd"}));
}
