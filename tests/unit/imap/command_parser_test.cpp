#include "protocols/imap/command_parser.hpp"

#include <doctest/doctest.h>

namespace gridmail::imap {
namespace {

ParsedCommand parse(std::string line, std::vector<std::string> literals = {}) {
  return parse_command({std::move(line), std::move(literals), RawCommand::Fault::none});
}

template <class T>
T arguments(std::string line, std::vector<std::string> literals = {}) {
  auto parsed = parse(std::move(line), std::move(literals));
  REQUIRE_MESSAGE(parsed.command.has_value(), (parsed.command ? "" : parsed.command.error().text));
  return std::get<T>(std::move(parsed.command->arguments));
}

TEST_CASE("RFC 3501, 9: names of commands are read in any case, tags are kept") {
  const auto parsed = parse("A.1 noOp");
  REQUIRE(parsed.command);
  CHECK(parsed.tag == "A.1");
  CHECK(parsed.command->name == "NOOP");
}

TEST_CASE("wrong commands keep their tag for BAD") {
  for (const char* line : {"a",
                           "a ",
                           "a NOOP ",
                           "a NOOP x",
                           "a XYZZY",
                           "a  NOOP",
                           "a UID NOOP",
                           "a LOGIN x",
                           "a FETCH 1",
                           "a FETCH 0 FLAGS",
                           "a FETCH 1: FLAGS",
                           "a FETCH 1,,2 FLAGS",
                           "a FETCH 4294967296 FLAGS",
                           "a STORE 1 FLAGS (\\Recent)",
                           "a STORE 1 FLAGS (\\Bogus)",
                           "a STORE 1 FLAG ()",
                           "a SEARCH",
                           "a SEARCH BOGUS",
                           "a SEARCH (ALL",
                           "a SEARCH ON 31-Foo-2020",
                           "a LOGIN \"a b",
                           "a LOGIN \"a\\b\" c",
                           "a STATUS INBOX ()",
                           "a STATUS INBOX MESSAGES",
                           "a LOGIN {3} x",
                           "a APPEND INBOX",
                           "a FETCH 1 BODY[1.]",
                           "a FETCH 1 BODY[MIME]",
                           "a FETCH 1 BODY[]<1>",
                           "a FETCH 1 (FLAGS",
                           "a FETCH 1 (FLAGS)x",
                           "a EXPUNGE 1",
                           "a UID EXPUNGE",
                           "a ID (\"x\")"}) {
    CAPTURE(line);
    const auto parsed = parse(line);
    CHECK_FALSE(parsed.command);
    CHECK(parsed.tag == "a");
  }
}

TEST_CASE("a command without a tag has none") {
  CHECK(parse("").tag.empty());
  CHECK(parse("* NOOP").tag.empty());
  CHECK(parse("+ NOOP").tag.empty());
  CHECK(parse_tag({"{5}", {}, RawCommand::Fault::none}).empty());
}

TEST_CASE("RFC 3501, 9: strings are atoms, quoted, or literals") {
  const auto quoted = arguments<Login>(R"(a LOGIN "a \"b\" \\" p@ss])");
  CHECK(quoted.user == "a \"b\" \\");
  CHECK(quoted.password == "p@ss]");
  const auto literal = arguments<Login>("a LOGIN {4} {2+}", {"a\r\nb", "xy"});
  CHECK(literal.user == "a\r\nb");
  CHECK(literal.password == "xy");
}

TEST_CASE("NUL is refused everywhere") {
  CHECK_FALSE(parse("a LOGIN {2} x", {std::string("a\0", 2)}).command);
  CHECK_FALSE(parse(std::string("a LOGIN a\0b c", 13)).command);
  CHECK_FALSE(parse(std::string("a LOGIN \"a\0b\" c", 15)).command);
}

TEST_CASE("RFC 3501, 9: sequence sets") {
  const auto fetch = arguments<Fetch>("a FETCH 1,4:*,*:2,7 FLAGS");
  CHECK(fetch.set == SequenceSet{{1, 1}, {4, star}, {star, 2}, {7, 7}});
}

TEST_CASE("RFC 3501, 6.4.5: macros and items of FETCH") {
  const auto full = arguments<Fetch>("a FETCH 1 FULL");
  CHECK((full.flags && full.internal_date && full.size && full.envelope && full.body));
  const auto fast = arguments<Fetch>("a FETCH 1 fast");
  CHECK((fast.flags && fast.internal_date && fast.size && !fast.envelope && !fast.body));
  const auto list = arguments<Fetch>("a FETCH 1 (UID BODYSTRUCTURE RFC822.SIZE RFC822.TEXT)");
  CHECK((list.uid_item && list.body_structure && list.size && list.sections.size() == 1));
  CHECK_FALSE(parse("a FETCH 1 (FAST)").command);
}

TEST_CASE("RFC 3501, 6.4.5: sections of BODY, and how the response names them") {
  const auto fetch = arguments<Fetch>(
      "a FETCH 1 (BODY[] body.peek[1.2.mime] BODY[HEADER.FIELDS.NOT (From {7})]<5.10> RFC822)", {"X-Thing"});
  REQUIRE(fetch.sections.size() == 4);
  CHECK(fetch.sections[0].label == "BODY[]");
  CHECK(fetch.sections[0].sets_seen);
  CHECK(fetch.sections[1].label == "BODY[1.2.MIME]");
  CHECK(fetch.sections[1].numbers == std::vector<std::uint32_t>{1, 2});
  CHECK_FALSE(fetch.sections[1].sets_seen);
  CHECK(fetch.sections[2].label == "BODY[HEADER.FIELDS.NOT (From X-Thing)]<5>");
  CHECK(fetch.sections[2].select == mime::Select::not_listed);
  CHECK(fetch.sections[2].partial->length == 10);
  CHECK(fetch.sections[3].label == "RFC822");
}

TEST_CASE("RFC 3501, 6.4.6: STORE's items, with and without parentheses") {
  const auto add = arguments<Store>("a STORE 1 +FLAGS.SILENT (\\Seen $Forwarded)");
  CHECK(add.change == ports::FlagChange::add);
  CHECK(add.silent);
  CHECK(add.flags == ports::Flags{ports::Flag::seen, {"$Forwarded"}});
  const auto replace = arguments<Store>("a STORE 1 flags \\Deleted \\draft");
  CHECK(replace.change == ports::FlagChange::replace);
  CHECK(replace.flags.system == (ports::Flag::deleted | ports::Flag::draft));
  CHECK(arguments<Store>("a STORE 1 -FLAGS ()").flags == ports::Flags{});
}

TEST_CASE("RFC 3501, 6.4.4: search keys become a tree") {
  using Kind = SearchKey::Kind;
  const auto search = arguments<Search>("a SEARCH CHARSET utf-8 UNSEEN OR (FROM x 2:3) NOT NEW LARGER 100");
  REQUIRE(search.key.children.size() == 3);
  CHECK(search.key.children[0].kind == Kind::none_of);
  CHECK(search.key.children[1].kind == Kind::any_of);
  CHECK(search.key.children[1].children[0].children[0].kind == Kind::from);
  CHECK(search.key.children[1].children[0].children[1].kind == Kind::sequence);
  CHECK(search.key.children[2].number == 100);
}

TEST_CASE("RFC 3501, 6.4.4: an unknown charset is not a syntax error") {
  CHECK(arguments<Search>("a SEARCH CHARSET x-klingon TEXT {3}", {"abc"}).unknown_charset);
  CHECK_FALSE(parse("a SEARCH CHARSET x-klingon").command);
}

TEST_CASE("search keys cannot be nested without end") {
  std::string deep = "a SEARCH ";
  for (int i = 0; i < 20'000; ++i) deep += "(";
  CHECK_FALSE(parse(deep).command);
  std::string nots = "a SEARCH ";
  for (int i = 0; i < 20'000; ++i) nots += "NOT ";
  CHECK_FALSE(parse(nots + "ALL").command);
}

TEST_CASE("RFC 3501, 6.3.11: the message of an APPEND is told from other literals") {
  const auto append =
      parse_append({"a APPEND {5} (\\Seen) \" 1-Feb-2020 10:00:00 +0100\" {310}", {"Drafts"}, {}});
  REQUIRE(append);
  CHECK(append->mailbox == "Drafts");
  CHECK(append->flags.system == ports::Flag::seen);
  CHECK(append->date->zone_minutes == 60);
  CHECK(parse_append({"a append INBOX {3+}", {}, {}}));
  CHECK_FALSE(parse_append({"a APPEND {5}", {}, {}}));
  CHECK_FALSE(parse_append({"a LOGIN {5}", {}, {}}));
  CHECK_FALSE(parse_append({"a APPEND INBOX (\\Bogus) {3}", {}, {}}));
}

TEST_CASE("RFC 6154, 3: CREATE with a special use") {
  CHECK(arguments<Create>("a CREATE x (USE (\\Sent))").use == ports::SpecialUse::sent);
  CHECK(arguments<Create>("a CREATE x (USE (\\Bogus))").use_impossible);
  CHECK(arguments<Create>("a CREATE x (USE (\\Sent \\Junk))").use_impossible);
  CHECK_FALSE(parse("a CREATE x (USE (Sent))").command);
  CHECK_FALSE(parse("a CREATE x (FOO)").command);
}

TEST_CASE("RFC 4959: AUTHENTICATE with an initial response") {
  const auto plain = arguments<Authenticate>("a AUTHENTICATE plain AGEAYg==");
  CHECK(plain.mechanism == "PLAIN");
  CHECK(plain.initial == "AGEAYg==");
  CHECK(arguments<Authenticate>("a AUTHENTICATE PLAIN =").initial == "=");
}

}  // namespace
}  // namespace gridmail::imap
