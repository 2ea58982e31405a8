#include "protocols/smtp/data_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gridmail;
using namespace gridmail::smtp;

namespace {

struct Collected final : DataDecoder::Sink {
  std::string bytes;
  void run(BytesView piece) override { bytes.append(piece); }
};

struct Decoded {
  std::string bytes;
  std::string rest;  ///< what came after the end
  bool finished = false;
  bool bare_cr = false, bare_lf = false, nul = false;
  std::size_t longest_line = 0;
  bool operator==(const Decoded&) const = default;
};

/// Feeds the pieces one after the other.
Decoded decode(const std::vector<std::string_view>& pieces, DataDecoder::BareLf bare_lf) {
  DataDecoder decoder(bare_lf);
  Collected collected;
  Decoded decoded;
  for (const auto piece : pieces) {
    if (decoded.finished) {
      decoded.rest.append(piece);
      continue;
    }
    const auto fed = decoder.feed(piece, collected);
    decoded.finished = fed.finished;
    decoded.rest.append(piece.substr(fed.consumed));
  }
  decoded.bytes = collected.bytes;
  decoded.bare_cr = decoder.has_bare_cr();
  decoded.bare_lf = decoder.has_bare_lf();
  decoded.nul = decoder.has_nul();
  decoded.longest_line = decoder.longest_line();
  return decoded;
}

/// In one piece, split in two at every byte, and byte by byte: the outcome is one and the same.
Decoded decode_in_every_split(std::string_view input,
                              DataDecoder::BareLf bare_lf = DataDecoder::BareLf::repair) {
  const Decoded whole = decode({input}, bare_lf);
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < input.size(); ++at) {
    CAPTURE(at);
    CHECK(decode({input.substr(0, at), input.substr(at)}, bare_lf) == whole);
    bytes.push_back(input.substr(at, 1));
  }
  CHECK(decode(bytes, bare_lf) == whole);
  return whole;
}

}  // namespace

TEST_CASE("RFC 5321, 4.1.1.4: CRLF.CRLF ends the data, and its first CRLF belongs to the message") {
  const auto decoded = decode_in_every_split("a\r\nb\r\n.\r\nQUIT\r\n");
  CHECK(decoded.finished);
  CHECK(decoded.bytes == "a\r\nb\r\n");
  CHECK(decoded.rest == "QUIT\r\n");
  CHECK(decoded.longest_line == 1);
}

TEST_CASE("RFC 5321, 4.1.1.4: a dot right after DATA's CRLF ends an empty message") {
  const auto decoded = decode_in_every_split(".\r\nRSET\r\n");
  CHECK(decoded.finished);
  CHECK(decoded.bytes.empty());
  CHECK(decoded.rest == "RSET\r\n");
}

TEST_CASE("RFC 5321, 4.5.2: the first of several characters on a line is dropped when it is a dot") {
  CHECK(decode_in_every_split("..\r\n...x\r\n.y\r\na.b\r\n.\r\n").bytes == ".\r\n..x\r\ny\r\na.b\r\n");
}

TEST_CASE("no form with a bare CR or LF ends the data") {
  for (const std::string_view end :
       {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\r.\r\r\n", "\r\n.\r\r\n",
        "\r\n.\0\r\n", "\r\n\x2e\x2e\r\n", "\n\r\n\r.\r\n", "\n\n.\n\n"}) {
    CAPTURE(end);
    const std::string input = "text" + std::string(end) + "MAIL FROM:<evil@x.test>\r\n";
    for (const auto bare_lf : {DataDecoder::BareLf::keep, DataDecoder::BareLf::repair}) {
      const auto unfinished = decode_in_every_split(input, bare_lf);
      CHECK_FALSE(unfinished.finished);
      CHECK(unfinished.bytes.ends_with("MAIL FROM:<evil@x.test>\r\n"));
      const auto finished = decode_in_every_split(input + ".\r\n", bare_lf);
      CHECK(finished.finished);
      CHECK(finished.rest.empty());
    }
  }
}

TEST_CASE("bare CR, bare LF and NUL are noticed wherever they stand") {
  const auto noticed = [](std::string_view input) {
    const auto decoded = decode_in_every_split(input, DataDecoder::BareLf::keep);
    return std::string(decoded.bare_cr ? "C" : "") + (decoded.bare_lf ? "L" : "") + (decoded.nul ? "0" : "");
  };
  CHECK(noticed("a\r\n.\r\n").empty());
  CHECK(noticed("\r\n\r\n.\r\n").empty());
  CHECK(noticed("a\rb\r\n.\r\n") == "C");
  CHECK(noticed("a\r\r\n.\r\n") == "C");
  CHECK(noticed(".\rb\r\n.\r\n") == "C");
  CHECK(noticed("\rb\r\n.\r\n") == "C");
  CHECK(noticed("a\nb\r\n.\r\n") == "L");
  CHECK(noticed("\na\r\n.\r\n") == "L");
  CHECK(noticed(".\na\r\n.\r\n") == "L");
  CHECK(noticed("a\n\rb\r\n.\r\n") == "CL");
  CHECK(noticed(std::string_view("a\0b\r\n.\r\n", 8)) == "0");
  CHECK(noticed(std::string_view(".\0\r\n.\r\n", 7)) == "0");
}

TEST_CASE("on request a bare LF becomes CRLF, and nothing else changes") {
  CHECK(decode_in_every_split("a\nb\n\nc\r\n.\r\n").bytes == "a\r\nb\r\n\r\nc\r\n");
  CHECK(decode_in_every_split("a\n.\nb\n..\r\n.\r\n").bytes == "a\r\n.\r\nb\r\n..\r\n");
  CHECK(decode_in_every_split("a\rb\r\r\n.\r\n").bytes == "a\rb\r\r\n");
  CHECK(decode_in_every_split("a\r\n.\nb\r\n.\r\n").bytes == "a\r\n\r\nb\r\n");
}

TEST_CASE("the longest line is measured without its end") {
  CHECK(decode_in_every_split("abc\r\nabcde\nab\r\n.\r\n").longest_line == 5);
  CHECK(decode_in_every_split("abc").longest_line == 3);
}

TEST_CASE("content without special lines is passed on in one run") {
  struct Counted final : DataDecoder::Sink {
    int runs = 0;
    void run(BytesView) override { ++runs; }
  } counted;
  DataDecoder decoder(DataDecoder::BareLf::keep);
  const auto fed = decoder.feed("Subject: x\r\n\r\nline\r\nline\r\nline\r\n.\r\n", counted);
  CHECK(fed.finished);
  CHECK(counted.runs == 1);
}
