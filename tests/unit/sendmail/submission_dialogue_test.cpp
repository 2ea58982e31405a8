#include "node/sendmail/submission_dialogue.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace gridmail;
using namespace gridmail::sendmail;

namespace {

/// Answers as the script says, and keeps what was said.
class ScriptedConnection final : public Connection {
 public:
  explicit ScriptedConnection(std::deque<std::string> replies) : replies_(std::move(replies)) {}
  bool write(BytesView bytes) override {
    said += bytes;
    return !broken;
  }
  bool read_line(std::string& line) override {
    if (replies_.empty()) return false;
    line = std::move(replies_.front());
    replies_.pop_front();
    return true;
  }
  std::string said;
  bool broken = false;

 private:
  std::deque<std::string> replies_;
};

Ended run(ScriptedConnection& connection,
          Letter letter = {"me@a.test", {"you@b.test"}, "Subject: s\r\n\r\n.text\r\n"}) {
  return send(connection, [&](const std::string&) { return letter; });
}

const std::deque<std::string> all_well = {"220 node1.test ESMTP gridmail",
                                          "250-node1.test",
                                          "250 8BITMIME",
                                          "250 2.1.0 ok",
                                          "250 2.1.5 ok",
                                          "354 go on",
                                          "250 2.0.0 stored",
                                          "221 bye"};

std::deque<std::string> but(std::size_t at, const std::string& reply) {
  auto script = all_well;
  script[at] = reply;
  return script;
}

}  // namespace

TEST_CASE("a message is handed over") {
  ScriptedConnection connection(all_well);
  std::string name;
  const auto ended = send(connection, [&](const std::string& hostname) {
    name = hostname;
    return Letter{"me@a.test", {"you@b.test"}, "Subject: s\r\n\r\n.text\r\n"};
  });
  CHECK(ended.exit_code == ok);
  CHECK(name == "node1.test");
  CHECK(connection.said ==
        "EHLO node1.test\r\nMAIL FROM:<me@a.test> BODY=8BITMIME\r\nRCPT TO:<you@b.test>\r\nDATA\r\n"
        "Subject: s\r\n\r\n..text\r\n.\r\nQUIT\r\n");
}

TEST_CASE("what notices the sender wants goes along") {
  ScriptedConnection connection(all_well);
  const auto ended = send(connection, [](const std::string&) {
    Letter letter{"me@a.test", {"you@b.test"}, "text\r\n"};
    letter.notify = "SUCCESS,DELAY";
    letter.returned = "HDRS";
    letter.envelope_id = "id+2B7";
    return letter;
  });
  CHECK(ended.exit_code == ok);
  CHECK(connection.said.find("MAIL FROM:<me@a.test> BODY=8BITMIME RET=HDRS ENVID=id+2B7\r\n"
                             "RCPT TO:<you@b.test> NOTIFY=SUCCESS,DELAY\r\n") != std::string::npos);
}

TEST_CASE("what goes wrong is told as sysexits.h has it") {
  const auto code = [](std::deque<std::string> script) {
    ScriptedConnection connection(std::move(script));
    const auto ended = run(connection);
    CHECK(!ended.text.empty());
    return ended.exit_code;
  };
  CHECK(code({}) == temporary_failure);
  CHECK(code(but(0, "421 4.3.2 too many connections")) == temporary_failure);
  CHECK(code(but(0, "rubbish")) == temporary_failure);
  CHECK(code(but(3, "550 5.7.1 not your address")) == no_permission);
  CHECK(code(but(4, "550 5.1.1 no such user here")) == no_user);
  CHECK(code(but(4, "451 4.3.0 later")) == temporary_failure);
  CHECK(code(but(5, "554 5.5.1 no")) == unavailable);
  CHECK(code(but(6, "554 5.6.0 refused")) == data_error);
  CHECK(code(but(6, "451 4.3.0 later")) == temporary_failure);
}

TEST_CASE("nothing is sent when one recipient is refused") {
  auto script = all_well;
  script[5] = "550 5.1.1 no such user here";
  ScriptedConnection connection(script);
  CHECK(run(connection, {"me@a.test", {"you@b.test", "he@b.test"}, "text\r\n"}).exit_code == no_user);
  CHECK(connection.said.find("DATA") == std::string::npos);
}

TEST_CASE("no address brings a command in") {
  ScriptedConnection connection(all_well);
  CHECK(run(connection, {"me@a.test", {"you@b.test>\r\nRCPT TO:<he@b.test"}, "text\r\n"}).exit_code ==
        data_error);
  CHECK(connection.said.find("MAIL") == std::string::npos);
}

TEST_CASE("an empty message is one") {
  ScriptedConnection connection(all_well);
  CHECK(run(connection, {"", {"you@b.test"}, ""}).exit_code == ok);
  CHECK(connection.said.find("MAIL FROM:<> BODY") != std::string::npos);
  CHECK(connection.said.find("DATA\r\n.\r\nQUIT") != std::string::npos);
}
