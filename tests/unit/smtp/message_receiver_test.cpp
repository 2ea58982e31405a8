#include "protocols/smtp/message_receiver.hpp"

#include <doctest/doctest.h>

#include "protocols/line/message_line.hpp"
#include "tests/support/memory_delivery.hpp"

using namespace gridmail;
using namespace gridmail::smtp;
using gridmail::testing::MemoryDelivery;

namespace {
/// The refusal's code and enhanced code, or the size of the message taken.
std::string receive(MemoryDelivery& delivery, Mode mode, const std::string& message,
                    std::size_t piece = 1000) {
  MessageReceiver receiver(mode, MessageReceiver::Framing::data, delivery.begin_message(),
                           delivery.message_bytes_max());
  for (std::size_t at = 0; at < message.size(); at += piece) {
    const auto fed = receiver.feed(BytesView(message).substr(at, piece));
    CHECK(fed.finished == (at + piece >= message.size()));
  }
  if (receiver.refusal()) {
    CHECK(delivery.open_spools() == 0);
    return std::to_string(receiver.refusal()->code) + " " + std::string(receiver.refusal()->enhanced);
  }
  return std::to_string(receiver.take_message()->size());
}
}  // namespace

TEST_CASE("RFC 1870, 6.3: a message over the limit is read to its end and refused") {
  MemoryDelivery delivery;
  delivery.set_message_bytes_max(2000);
  CHECK(receive(delivery, Mode::mx, std::string(1998, 'x') + "\r\n.\r\n") == "2000");
  CHECK(receive(delivery, Mode::mx, std::string(1999, 'x') + "\r\n.\r\n") == "552 5.3.4");
  CHECK(receive(delivery, Mode::mx, std::string(100'000, 'x') + "\r\n.\r\n") == "552 5.3.4");
}

TEST_CASE("a spool that fails refuses the message for now") {
  MemoryDelivery delivery;
  delivery.fail_appends_over(3000, Errc::no_space);
  CHECK(receive(delivery, Mode::mx, std::string(9000, 'x') + "\r\n.\r\n") == "452 4.3.1");
  delivery.fail_appends_over(3000, Errc::busy);
  CHECK(receive(delivery, Mode::mx, std::string(9000, 'x') + "\r\n.\r\n") == "451 4.3.0");
}

TEST_CASE("RFC 5321, 2.3.8: which port refuses a bare LF, which a bare CR") {
  MemoryDelivery delivery;
  CHECK(receive(delivery, Mode::mx, "a\nb\r\n.\r\n") == "550 5.5.2");
  CHECK(receive(delivery, Mode::mx, "a\rb\r\n.\r\n") == "550 5.5.2");
  CHECK(receive(delivery, Mode::submission, "a\nb\r\n.\r\n") == "6");
  CHECK(receive(delivery, Mode::lmtp, "a\nb\r\n.\r\n") == "6");
  CHECK(receive(delivery, Mode::submission, "a\rb\r\n.\r\n") == "550 5.5.2");
  CHECK(receive(delivery, Mode::submission, "a\r.\r\nb\r\n.\r\n") == "550 5.5.2");
  CHECK(receive(delivery, Mode::lmtp, "a\rb\r\n.\r\n") == "5");
  for (const std::string line : {"a", "a\rb", "a\r\r"}) {
    MessageReceiver receiver(Mode::lmtp, MessageReceiver::Framing::data, delivery.begin_message(),
                             delivery.message_bytes_max());
    CHECK(receiver.feed(line + "\r\n.\r\n").finished);
    CHECK(receiver.has_bare_cr() == (line != "a"));
  }
}

TEST_CASE("NUL refuses the message on every port") {
  MemoryDelivery delivery;
  const std::string message("a\0b\r\n.\r\n", 8);
  for (const Mode mode : {Mode::mx, Mode::submission, Mode::lmtp})
    CHECK(receive(delivery, mode, message) == "550 5.5.2");
}

TEST_CASE("lines may have 1 MiB") {
  MemoryDelivery delivery;
  const std::size_t max = message_line_bytes_max;
  const auto outcome = [&](std::size_t length) {
    return receive(delivery, Mode::mx, "\r\n" + std::string(length, 'x') + "\r\n.\r\n", 30'000);
  };
  CHECK(outcome(max) == std::to_string(max + 4));
  CHECK(outcome(max + 1) == "554 5.5.2");
}

TEST_CASE("RFC 5321, 6.3: more than 100 Received fields are a loop, however the bytes are split") {
  MemoryDelivery delivery;
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "reCeived: from x\r\n\tby y\r\n";
  const std::string end = "\r\nReceived: in the body\r\n.\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    CHECK(receive(delivery, Mode::mx, fields + end, piece) == std::to_string(fields.size() + end.size() - 3));
    CHECK(receive(delivery, Mode::mx, "Received: x\r\n" + fields + end, piece) == "554 5.4.6");
    CHECK(receive(delivery, Mode::mx, "Received-SPF: x\r\n" + fields + end, piece).starts_with("2"));
  }
}

TEST_CASE("chunks have no dots and no end of their own, and the same lines are refused in them") {
  MemoryDelivery delivery;
  const auto outcome = [&](Mode mode, MessageReceiver::Framing framing, const Bytes& content) {
    MessageReceiver receiver(mode, framing, delivery.begin_message(), delivery.message_bytes_max());
    for (const char c : content) CHECK(!receiver.feed(BytesView(&c, 1)).finished);
    receiver.finish();
    return receiver.refusal() ? std::to_string(receiver.refusal()->code)
                              : std::to_string(receiver.take_message()->size());
  };
  using Framing = MessageReceiver::Framing;
  CHECK(outcome(Mode::mx, Framing::chunks, "a\r\n.\r\n..b\r\n") == "11");
  CHECK(outcome(Mode::mx, Framing::chunks, "a\nb") == "550");
  CHECK(outcome(Mode::mx, Framing::chunks, "a\r") == "550");
  CHECK(outcome(Mode::submission, Framing::chunks, "a\nb") == "4");
  CHECK(outcome(Mode::mx, Framing::chunks, Bytes("a\0b", 3)) == "550");
  CHECK(outcome(Mode::mx, Framing::binary_chunks, Bytes("a\0b\nc\r", 6)) == "6");
  CHECK(outcome(Mode::submission, Framing::binary_chunks, "a\nb") == "3");
}

TEST_CASE("a header may have 256 KiB") {
  MemoryDelivery delivery;
  for (const Mode mode : {Mode::mx, Mode::submission, Mode::lmtp}) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{1'000'000}}) {
      CHECK(receive(delivery, mode, "X: " + std::string(300'000, 'x') + "\r\n\r\n.\r\n", piece) ==
            "552 5.3.4");
      CHECK(receive(delivery, mode,
                    "X: " + std::string(200'000, 'x') + "\r\n\r\n" + std::string(300'000, 'y') + "\r\n.\r\n",
                    piece) == "500009");
    }
  }
}

TEST_CASE("the header of a submission is gathered") {
  MemoryDelivery delivery;
  MessageReceiver receiver(Mode::submission, MessageReceiver::Framing::data, delivery.begin_message(),
                           delivery.message_bytes_max());
  for (const char c : std::string_view("From: a@b.test\r\n\r\nbody\r\n.\r\n"))
    (void)receiver.feed(BytesView(&c, 1));
  CHECK(receiver.header() == "From: a@b.test\r\n\r\n");
}
