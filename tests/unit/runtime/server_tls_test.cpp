#include "node/runtime/server_tls.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>

using namespace gridmail;

namespace {

std::string pem_of(X509& certificate) {
  const OpenSslBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), &certificate);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(EVP_PKEY& key) {
  const OpenSslBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

TlsContext context_for(const std::string& name) {
  const auto key = generate_p256_key();
  const auto chain = parse_chain(pem_of(*self_signed_certificate(*key, name)));
  REQUIRE(chain);
  auto context = server_context(*chain, *key);
  REQUIRE(context);
  return *context;
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Connection = std::unique_ptr<SSL, FreeSsl>;

/// A handshake in memory; what the client was shown. `groups`: the client's key shares, so that a server can
/// ask for another one.
std::string shown_to(const ServerTls& tls, const char* name, const char* groups = nullptr) {
  const auto client_context = make_tls_context(TLS_client_method(), TLS1_2_VERSION);
  const Connection client(SSL_new(client_context.get())), server(SSL_new(tls.current().get()));
  BIO *client_end = nullptr, *server_end = nullptr;
  BIO_new_bio_pair(&client_end, 0, &server_end, 0);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  if (name != nullptr) SSL_set_tlsext_host_name(client.get(), name);
  if (groups != nullptr) SSL_set1_groups_list(client.get(), groups);
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  REQUIRE(SSL_is_init_finished(client.get()));
  const Certificate shown(SSL_get1_peer_certificate(client.get()));
  REQUIRE(shown);
  return facts_of(*shown).names.at(0);
}

}  // namespace

TEST_CASE("who asks for a name gets the certificate that has it") {
  ServerTls tls(context_for("own.example.org"), ServerTls::Own::configured);
  CHECK(shown_to(tls, "a.example.org") == "own.example.org");
  tls.replace_shared({context_for("a.example.org"), context_for("*.b.example.org")});
  CHECK(shown_to(tls, "a.example.org") == "a.example.org");
  CHECK(shown_to(tls, "mail.b.example.org") == "*.b.example.org");
  CHECK(shown_to(tls, "A.Example.ORG") == "a.example.org");
  CHECK(shown_to(tls, "c.example.org") == "own.example.org");
  CHECK(shown_to(tls, nullptr) == "own.example.org");
  // The server asks for another key share: the name is looked up twice in one handshake.
  CHECK(shown_to(tls, "a.example.org", "P-521:X25519") == "a.example.org");
  tls.replace_shared({});
  CHECK(shown_to(tls, "a.example.org") == "own.example.org");
}

TEST_CASE("a certificate for the very name counts before one for all names of its domain") {
  ServerTls tls(context_for("own.example.org"), ServerTls::Own::configured);
  tls.replace_shared({context_for("*.example.org"), context_for("mail.example.org")});
  CHECK(shown_to(tls, "mail.example.org") == "mail.example.org");
  CHECK(shown_to(tls, "imap.example.org") == "*.example.org");
}

TEST_CASE("a chain is written without the key that stood beside it") {
  const auto key = generate_p256_key();
  const auto certificate = pem_of(*self_signed_certificate(*key, "a.example.org"));
  const auto chain = parse_chain(pem_of(*key) + certificate);
  REQUIRE(chain);
  CHECK(to_pem(*chain) == certificate);
}

TEST_CASE("what clients may not know, and certificates that do not belong together, are refused") {
  const auto chain_of = [](EVP_PKEY& key) {
    return *parse_chain(pem_of(*self_signed_certificate(key, "a.example.org")));
  };
  auto chain = chain_of(*generate_p256_key());
  CHECK(check_for_clients(chain));
  chain.push_back(std::move(chain_of(*generate_p256_key()).front()));
  REQUIRE_FALSE(check_for_clients(chain));
  CHECK(check_for_clients(chain).error().text == "certificate 2 of the file did not issue the one before it");
  const PrivateKey odd(EVP_EC_gen("secp256k1")), small(EVP_RSA_gen(1024)), usual(EVP_RSA_gen(2048));
  CHECK_FALSE(check_for_clients(chain_of(*odd)));
  CHECK_FALSE(check_for_clients(chain_of(*small)));
  CHECK(check_for_clients(chain_of(*usual)));
}

TEST_CASE("a stopgap gives way to the first shared certificate") {
  ServerTls tls(self_signed_server_context("node1"), ServerTls::Own::stopgap);
  CHECK(shown_to(tls, nullptr) == "node1");
  tls.replace_shared({context_for("a.example.org"), context_for("b.example.org")});
  CHECK(shown_to(tls, nullptr) == "a.example.org");
  CHECK(shown_to(tls, "node1") == "a.example.org");
  CHECK(shown_to(tls, "b.example.org") == "b.example.org");
}

TEST_CASE("handshakes under way outlive the certificates they began with") {
  ServerTls tls(context_for("own.example.org"), ServerTls::Own::configured);
  tls.replace_shared({context_for("a.example.org")});
  const Connection server(SSL_new(tls.current().get()));
  tls.replace_shared({});
  REQUIRE(server);
  CHECK(shown_to(tls, "a.example.org") == "own.example.org");
}

TEST_CASE("chains and keys come out of PEM, or an error does") {
  const auto key = generate_p256_key(), other = generate_p256_key();
  const auto certificate = self_signed_certificate(*key, "Mail.Example.org");
  const auto pem = pem_of(*certificate);
  const auto chain = parse_chain("a comment\n" + pem + pem);
  REQUIRE(chain);
  CHECK(chain->size() == 2);
  const auto facts = facts_of(*chain->front());
  CHECK(facts.names == std::vector<std::string>{"mail.example.org"});
  CHECK(facts.issuer == "Mail.Example.org");
  CHECK(facts.not_before == 0);
  CHECK(facts.not_after > 0);
  CHECK(facts.fingerprint.size() == 64);
  CHECK(parse_chain("").error().code == Errc::invalid);
  CHECK(parse_chain("hello").error().code == Errc::invalid);
  CHECK(parse_chain(pem.substr(0, pem.size() / 2)).error().code == Errc::invalid);
  CHECK(parse_chain(pem + pem.substr(0, pem.size() / 2)).error().code == Errc::invalid);
  const auto parsed = parse_key(pem_of(*key));
  REQUIRE(parsed);
  CHECK(server_context(*chain, **parsed));
  CHECK(server_context(*chain, *other).error().code == Errc::invalid);
  CHECK(parse_key(pem).error().code == Errc::invalid);
  const OpenSslBio locked(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(locked.get(), key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(locked.get(), &data);
  CHECK(parse_key({data, static_cast<std::size_t>(size)}).error().code == Errc::invalid);
}
