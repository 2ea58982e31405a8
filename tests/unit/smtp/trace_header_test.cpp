#include "protocols/smtp/trace_header.hpp"

#include <doctest/doctest.h>

using namespace gridmail::smtp;

namespace {
Trace example() {
  Trace trace;
  trace.client_name = "client.test";
  trace.extended = true;
  trace.peer_address = "192.0.2.7";
  trace.hostname = "mx.test";
  trace.id = "0123456789abcdef";
  trace.received_at = 1'700'000'000'000'000;
  return trace;
}
}  // namespace

TEST_CASE("RFC 5321, 4.4: Received says from whom, by whom, how and when") {
  Trace trace = example();
  trace.only_recipient = "a@b.test";
  CHECK(format_received(trace) ==
        "Received: from client.test ([192.0.2.7])\r\n"
        "\tby mx.test with ESMTP\r\n"
        "\tid 0123456789abcdef\r\n"
        "\tfor <a@b.test>;\r\n"
        "\tTue, 14 Nov 2023 22:13:20 +0000\r\n");
}

TEST_CASE(
    "RFC 5321, 4.4: TLS, the log-in and an IPv6 address are shown, recipients only where there is one") {
  Trace trace = example();
  trace.peer_address = "2001:db8::1";
  trace.tls_version = "TLSv1.3";
  trace.tls_cipher = "TLS_AES_256_GCM_SHA384";
  trace.login = "\"o(dd\"@b.test";
  const auto field = format_received(trace);
  CHECK(field.find("([IPv6:2001:db8::1])") != std::string::npos);
  CHECK(field.find("with ESMTPSA\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n") != std::string::npos);
  CHECK(field.find("(authenticated as \"o\\(dd\"@b.test)") != std::string::npos);
  CHECK(field.find("\tfor ") == std::string::npos);
}

TEST_CASE("RFC 3848: the transmission type names extension, TLS and AUTH") {
  Trace trace = example();
  CHECK(transmission_type(trace) == "ESMTP");
  trace.login = "a@b.test";
  CHECK(transmission_type(trace) == "ESMTPA");
  trace.tls_version = "TLSv1.3";
  CHECK(transmission_type(trace) == "ESMTPSA");
  trace.login.clear();
  CHECK(transmission_type(trace) == "ESMTPS");
  trace.mode = Mode::lmtp;
  CHECK(transmission_type(trace) == "LMTPS");
  trace = example();
  trace.extended = false;
  CHECK(transmission_type(trace) == "SMTP");
}

TEST_CASE("a client that names itself oddly cannot write into the header") {
  Trace trace = example();
  trace.client_name = "x) by evil (\xff;<a>\t" + std::string(5000, 'y');
  const auto field = format_received(trace);
  CHECK(field.starts_with("Received: from x??by?evil?????a?"));
  CHECK(field.find('\n') < 400);
}
