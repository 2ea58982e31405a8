#include <doctest/doctest.h>

#include <chrono>

#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_check.hpp"
#include "protocols/mime/structure_codec.hpp"

using namespace gridmail;

namespace {

mime::Structure parsed(BytesView message, const mime::Limits& limits = {}) {
  auto structure = mime::parse(message, limits);
  CHECK(mime::broken_invariant(structure) == "");
  return structure;
}

std::string nested(int levels) {
  std::string message;
  for (int i = 0; i < levels; ++i) {
    const auto boundary = "b" + std::to_string(i);
    message += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  message += "Content-Type: text/html\r\n\r\ninnermost\r\n";
  for (int i = levels - 1; i >= 0; --i) message += "--b" + std::to_string(i) + "--\r\n";
  return message;
}

}  // namespace

TEST_CASE("messages without headers are all body") {
  const auto structure = parsed("just text\r\n\r\nmore");
  CHECK(structure.root().header_length == 0);
  CHECK(structure.root().body_length == 17);
  CHECK_FALSE(structure.message().envelope.subject);
  CHECK(parsed("\r\nbody").root().header_length == 2);
}

TEST_CASE("messages of headers only have no body") {
  const std::string_view message = "Subject: x\r\nFrom: a@b\r\n";
  CHECK(parsed(message).root().header_length == message.size());
  CHECK(parsed(message).message().envelope.subject == "x");
  CHECK(parsed("Subject: no line end").message().envelope.subject == "no line end");
}

TEST_CASE("the empty message has one empty part") {
  const auto structure = parsed("");
  CHECK(structure.parts.size() == 1);
  CHECK(structure.size == 0);
}

TEST_CASE("a forgotten empty line begins the body") {
  const auto structure = parsed("Subject: x\r\nno field\r\nTo: a@b\r\n\r\nrest");
  CHECK(structure.root().header_length == 12);
  CHECK(structure.message().envelope.to.empty());
}

TEST_CASE("8-bit headers are kept as bytes, NULs are dropped from values") {
  using namespace std::literals;
  const auto structure = parsed("Subject: caf\xe9 \0!\r\nFrom: Jos\xe9 <j@x>\r\n\r\n\0body\0"sv);
  CHECK(structure.message().envelope.subject == "caf\xe9 !");
  CHECK(structure.message().envelope.from.at(0).name == "Jos\xe9");
  CHECK(structure.root().body_length == 6);
}

TEST_CASE("a hundred levels of multiparts are parsed") {
  const auto message = nested(100);
  const auto structure = parsed(message);
  CHECK(structure.parts.size() == 101);
  const auto& innermost = structure.parts.back();
  CHECK(innermost.subtype == "html");
  CHECK(message.substr(innermost.body_start(), innermost.body_length) == "innermost");
}

TEST_CASE("beyond the depth limit a part is a leaf") {
  const auto structure = parsed(nested(10'000));
  CHECK(structure.parts.size() == mime::Limits{}.depth_max + 1);
  CHECK(structure.parts.back().subtype == "octet-stream");
  CHECK(structure.parts.back().children.empty());

  std::string messages;
  for (int i = 0; i < 10'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
  CHECK(parsed(messages).messages.size() == mime::Limits{}.depth_max + 1);
}

TEST_CASE("beyond the limit of parts the rest stays in the multipart") {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) message += "--b\r\n\r\n\r\n";
  const auto structure = parsed(message);
  CHECK(structure.parts.size() == mime::Limits{}.parts_max);
  CHECK(structure.root().body().end() == message.size());
}

TEST_CASE("a structure's record stays under a megabyte whatever the message holds") {
  const auto size_of = [](const std::string& message) { return mime::encode(parsed(message)).size(); };
  std::string many_parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 12'000; ++i) {
    many_parts += "--b\r\nContent-Type: application/" + std::string(100, 'x') +
                  "; name=" + std::string(900, 'n') +
                  "\r\nContent-Transfer-Encoding: base64\r\nContent-Description: d\r\n\r\n\r\n";
  }
  CHECK(size_of(many_parts) < 1 << 20);
  std::string many_addresses;
  for (int i = 0; i < 40'000; ++i) many_addresses += "To: a@b, c, g:;\r\n";
  CHECK(size_of(many_addresses) < 1 << 20);
  std::string many_parameters = "Content-Type: text/plain";
  for (int i = 0; i < 40'000; ++i) many_parameters += "; a" + std::to_string(i) + "=b";
  CHECK(size_of(many_parameters) < 1 << 20);
  CHECK(size_of("Subject: " + std::string(2 << 20, 's') + "\r\n\r\n") < 1 << 20);
}

TEST_CASE("lines of any length and number are parsed") {
  std::string body;
  for (int i = 0; i < 60'000; ++i) body += ". line\r\n";
  CHECK(parsed("Subject: x\r\n\r\n" + body).root().body_lines == 60'000);
  CHECK(parsed("Subject: " + std::string(989, 'x') + "\r\n\r\n").message().envelope.subject->size() == 989);
  CHECK(parsed(std::string(1'000'000, 'x')).root().body_length == 1'000'000);
  CHECK(parsed("--" + std::string(1'000'000, '-')).root().body_length == 1'000'002);
}

TEST_CASE("hostile messages take linear time") {
  const auto megabyte_of = [](std::string message, std::string_view piece) {
    while (message.size() < 1'000'000) message += piece;
    return message;
  };
  const auto started = std::chrono::steady_clock::now();
  const std::string multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (const auto* piece :
       {"--\n", "--b\n", "--b\n\n", "\n", "A: b\n", " \n", "--b\nContent-Type: message/rfc822\n\n",
        "--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n"}) {
    parsed(megabyte_of("", piece));
    parsed(megabyte_of(multipart, piece));
    parsed(megabyte_of(nested(150), piece));
    parsed(megabyte_of("Content-Type: a/b; x=\"", piece));
    parsed(megabyte_of("To: ", piece));
  }
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(60));
}
