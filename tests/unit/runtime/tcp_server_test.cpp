#include "node/runtime/tcp_server.hpp"

#include <doctest/doctest.h>

#include <openssl/x509v3.h>

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include "node/runtime/system_clock.hpp"
#include "node/runtime/timer.hpp"
#include "node/runtime/tls_socket.hpp"

using namespace gridmail;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

TlsContext client_context() {
  return make_tls_context(TLS_client_method(), TLS1_2_VERSION);
}

Task<void> write_all(TlsSocket& socket, std::string text) {
  co_await socket.write(text);
}

Task<std::string> read_line(TlsSocket& socket) {
  std::string line;
  char c = 0;
  while (co_await socket.read_some(&c, 1) == 1) {
    if (c == '\n') break;
    line += c;
  }
  co_return line;
}

Task<std::string> read_line(Stream& stream) {
  std::string line;
  char c = 0;
  while (co_await stream.read_some(&c, 1) == 1) {
    if (c == '\n') break;
    line += c;
  }
  co_return line;
}

/// A protocol of three commands: "tls" upgrades, "who" tells what the server knows, anything else comes back.
Task<void> serve_echo(std::unique_ptr<Stream> stream) {
  while (true) {
    auto line = co_await read_line(*stream);
    if (line.empty()) co_return;
    if (line == "tls") {
      co_await stream->write("go\n");
      co_await stream->start_tls();
      continue;
    }
    if (line == "who") {
      line = stream->peer_address() + (stream->peer_is_loopback() ? " loopback " : " ") +
             stream->tls_version() + " " + stream->tls_cipher();
    }
    co_await stream->write(line + "\n");
  }
}

struct ServerFixture {
  asio::io_context context;
  SystemClock clock{context};
  ServerTls tls{self_signed_server_context("mail.example.test"), ServerTls::Own::configured};
  TcpServer server{context, clock, &tls};

  /// Runs a client against the server, then drains it; the context must run dry.
  template <class Client>
  void run(Client client) {
    std::exception_ptr failure;
    asio::co_spawn(context, drive(std::move(client)), [&](std::exception_ptr thrown) { failure = thrown; });
    context.run();
    if (failure) std::rethrow_exception(failure);
    CHECK(server.connections() == 0);
  }
  template <class Client>
  Task<void> drive(Client client) {
    std::exception_ptr failure;
    try {
      co_await client();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await server.drain(clock.now() + 5s);
    if (failure) std::rethrow_exception(failure);
  }
  std::uint16_t listen(Listener listener, TcpServer::Serve serve = serve_echo) {
    const auto port = server.listen(std::move(listener), std::move(serve));
    if (!port) FAIL(port.error().text);
    return *port;
  }
  Task<std::unique_ptr<TlsSocket>> connect(std::string address, std::uint16_t port) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::make_address(address), port}, asio::use_awaitable);
    co_return std::make_unique<TlsSocket>(std::move(socket));
  }
};

}  // namespace

TEST_CASE_FIXTURE(ServerFixture,
                  "a client in the clear is served, and IPv4 looks like IPv4 on a dual-stack listener") {
  const auto port = listen({.name = "echo", .address = "::"});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    co_await write_all(*socket, "hello\nwho\n");
    CHECK(co_await read_line(*socket) == "hello");
    CHECK(co_await read_line(*socket) == "127.0.0.1 loopback  ");
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "implicit TLS: the handshake comes first and the stream tells version and cipher") {
  const auto port = listen({.name = "echos", .address = "127.0.0.1", .implicit_tls = true});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    co_await socket->handshake(client_context(), TlsRole::client);
    co_await write_all(*socket, "who\n");
    CHECK(co_await read_line(*socket) == "127.0.0.1 loopback TLSv1.3 TLS_AES_256_GCM_SHA384");
    // More than any buffer on the way holds.
    const std::string large(300'000, 'x');
    const auto back = [](TlsSocket& from) -> Task<std::size_t> {
      std::vector<char> buffer(100'000);
      std::size_t total = 0;
      while (total < 300'001) total += co_await from.read_some(buffer.data(), buffer.size());
      co_return total;
    };
    co_await write_all(*socket, large + "\n");
    CHECK(co_await back(*socket) == 300'001);
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "STARTTLS upgrades the connection in place, with the certificate of that moment") {
  const auto port = listen({.name = "echo", .address = "127.0.0.1"});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    tls.replace_own(self_signed_server_context("renewed.example.test"));
    co_await write_all(*socket, "tls\n");
    CHECK(co_await read_line(*socket) == "go");
    co_await socket->handshake(client_context(), TlsRole::client);
    const Certificate certificate(SSL_get1_peer_certificate(socket->tls()));
    CHECK(X509_check_host(certificate.get(), "renewed.example.test", 0, 0, nullptr) == 1);
    co_await write_all(*socket, "hello\n");
    CHECK(co_await read_line(*socket) == "hello");
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture, "garbage instead of a handshake ends the session and nothing else") {
  const auto port = listen({.name = "echos", .address = "127.0.0.1", .implicit_tls = true});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    co_await write_all(*socket, "EHLO this is not TLS at all\r\n\r\n");
    char byte[64];
    try {
      while (co_await socket->read_some(byte, sizeof byte) > 0) continue;
    } catch (const asio::system_error&) {
    }
    const auto second = co_await connect("127.0.0.1", port);
    co_await second->handshake(client_context(), TlsRole::client);
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "a read that takes too long throws timed_out; a deadline that moves does not") {
  std::vector<std::error_code> ends;
  const auto serve = [&](std::unique_ptr<Stream> stream) -> Task<void> {
    char byte = 0;
    try {
      stream->expires_at(clock.now() + 20ms);
      stream->expires_at(clock.now() + 10s);
      co_await stream->read_some(&byte, 1);
      stream->expires_at(clock.now() + 20ms);
      co_await stream->read_some(&byte, 1);
    } catch (const asio::system_error& error) {
      ends.push_back(error.code());
    }
  };
  const auto port = listen({.name = "slow", .address = "127.0.0.1"}, serve);
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    asio::steady_timer timer(context, 60ms);
    co_await timer.async_wait(asio::use_awaitable);
    co_await write_all(*socket, "x");
    CHECK(co_await read_line(*socket) == "");
  };
  run(client);
  CHECK(ends == std::vector<std::error_code>{asio::error::timed_out});
}

TEST_CASE_FIXTURE(ServerFixture, "over the limit a client gets the refusal and is closed") {
  const auto port =
      listen({.name = "echo", .address = "127.0.0.1", .connections_max = 1, .refusal = "421 busy\n"});
  const auto client = [&]() -> Task<void> {
    const auto first = co_await connect("127.0.0.1", port);
    co_await write_all(*first, "hello\n");
    CHECK(co_await read_line(*first) == "hello");
    const auto second = co_await connect("127.0.0.1", port);
    CHECK(co_await read_line(*second) == "421 busy");
    CHECK(co_await read_line(*second) == "");
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "the sessions of one listener are ended; it goes on, and others are not touched") {
  const auto ended = listen({.name = "ended", .address = "127.0.0.1"});
  const auto other = listen({.name = "other", .address = "127.0.0.1"});
  const auto client = [&]() -> Task<void> {
    const auto first = co_await connect("127.0.0.1", ended), elsewhere = co_await connect("127.0.0.1", other);
    for (auto* socket : {first.get(), elsewhere.get()}) {
      co_await write_all(*socket, "hello\n");
      CHECK(co_await read_line(*socket) == "hello");
    }
    server.end_sessions("ended");
    CHECK(co_await read_line(*first) == "");
    const auto next = co_await connect("127.0.0.1", ended);
    for (auto* socket : {next.get(), elsewhere.get()}) {
      co_await write_all(*socket, "still there\n");
      CHECK(co_await read_line(*socket) == "still there");
    }
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture, "a port in use is named in the error") {
  const auto port = listen({.name = "smtp", .address = "127.0.0.1"});
  const auto second = server.listen({.name = "imap", .address = "127.0.0.1", .port = port}, serve_echo);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().text ==
        "cannot listen for imap on 127.0.0.1 port " + std::to_string(port) + ": Address already in use");
  const auto client = []() -> Task<void> { co_return; };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "draining waits for sessions, refuses new ones, and cancels what stays too long") {
  const auto port = listen({.name = "echo", .address = "127.0.0.1"});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", port);
    co_await write_all(*socket, "hello\n");
    CHECK(co_await read_line(*socket) == "hello");
    const auto begun = clock.now();
    co_await server.drain(begun + 50ms);
    CHECK(clock.now() - begun >= 50ms);
    CHECK(server.connections() == 0);
    CHECK(co_await read_line(*socket) == "");
    bool refused = false;
    try {
      co_await connect("127.0.0.1", port);
    } catch (const asio::system_error&) {
      refused = true;
    }
    CHECK(refused);
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture, "a trusted proxy speaks for its client, before TLS begins, and must") {
  const auto networks = [](const char* text) { return std::vector<IpNetwork>{*IpNetwork::parse(text)}; };
  const auto trusting = listen(
      {.name = "echos", .address = "127.0.0.1", .implicit_tls = true, .proxies = networks("127.0.0.0/8")});
  const auto strict = listen({.name = "echo", .address = "127.0.0.1", .proxies = networks("192.0.2.0/24")});
  const auto client = [&]() -> Task<void> {
    const auto socket = co_await connect("127.0.0.1", trusting);
    co_await write_all(*socket, "PROXY TCP4 203.0.113.9 192.0.2.1 4000 993\r\n");
    co_await socket->handshake(client_context(), TlsRole::client);
    co_await write_all(*socket, "who\n");
    CHECK(co_await read_line(*socket) == "203.0.113.9 TLSv1.3 TLS_AES_256_GCM_SHA384");

    const auto silent = co_await connect("127.0.0.1", trusting);
    co_await write_all(*silent, "EHLO somebody\r\n");
    CHECK((co_await read_line(*silent)).empty());

    const auto stranger = co_await connect("127.0.0.1", strict);
    co_await write_all(*stranger, "PROXY TCP4 203.0.113.9 192.0.2.1 4000 993\nwho\n");
    CHECK(co_await read_line(*stranger) == "PROXY TCP4 203.0.113.9 192.0.2.1 4000 993");
    CHECK((co_await read_line(*stranger)).starts_with("127.0.0.1 "));
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture,
                  "what a proxy has ended TLS for is secure; TLS of other proxies' clients ends here") {
  std::vector<bool> secure;
  const auto note = [&secure](std::unique_ptr<Stream> stream) -> Task<void> {
    secure.push_back(stream->is_secure());
    secure.push_back(stream->can_start_tls());
    co_await stream->write(stream->peer_address() + stream->tls_version() + "\n");
  };
  const auto network = std::vector<IpNetwork>{*IpNetwork::parse("127.0.0.1")};
  const auto passing = server.listen({.name = "imap", .address = "127.0.0.1", .proxies = network}, note);
  const auto ending = server.listen(
      {.name = "imap", .address = "127.0.0.1", .proxies = network, .tls_enders = network}, note);
  const auto client = [&]() -> Task<void> {
    for (const auto& port : {passing, ending}) {
      const auto socket = co_await connect("127.0.0.1", port.value());
      co_await write_all(*socket, "PROXY TCP4 203.0.113.9 192.0.2.1 4000 143\r\n");
      CHECK(co_await read_line(*socket) == "203.0.113.9");
    }
    CHECK(secure == std::vector<bool>{false, true, true, false});
  };
  run(client);
}

TEST_CASE_FIXTURE(ServerFixture, "an address has so many connections and no more; others are not touched") {
  const auto port = listen({.name = "echo",
                            .address = "127.0.0.1",
                            .refusal = "too many\n",
                            .connections_per_address_max = 2,
                            .proxies = {*IpNetwork::parse("127.0.0.1")}});
  const auto client = [&]() -> Task<void> {
    std::vector<std::unique_ptr<TlsSocket>> sockets;
    const auto greeted = [&](std::string from) -> Task<std::string> {
      sockets.push_back(co_await connect("127.0.0.1", port));
      co_await write_all(*sockets.back(), "PROXY TCP4 " + from + " 192.0.2.1 4000 25\r\nhello\n");
      co_return co_await read_line(*sockets.back());
    };
    CHECK(co_await greeted("203.0.113.9") == "hello");
    CHECK(co_await greeted("203.0.113.9") == "hello");
    CHECK(co_await greeted("203.0.113.9") == "too many");
    CHECK(co_await greeted("203.0.113.8") == "hello");
    CHECK(co_await greeted("127.0.0.1") == "hello");
    sockets[0]->close();
    for (int i = 0; i < 100 && server.connections() > 3; ++i) co_await sleep_for(clock, 10ms);
    CHECK(co_await greeted("203.0.113.9") == "hello");
  };
  run(client);
}
