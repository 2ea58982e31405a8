#include "node/cli/http_client.hpp"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <exception>
#include <optional>

namespace gridmail::cli {
namespace {

using asio::ip::tcp;
constexpr std::size_t reply_bytes_max = 256U << 20;

std::string serialize(const Url& url, const HttpRequest& request) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  std::string bytes =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}{}{}:{}\r\nConnection: close\r\n", request.method, url.path,
                  request.target, is_v6 ? "[" : "", url.host, is_v6 ? "]" : "", url.port);
  for (const auto& [name, value] : request.headers) bytes += fmt::format("{}: {}\r\n", name, value);
  return bytes + fmt::format("Content-Length: {}\r\n\r\n{}", request.body.size(), request.body);
}

/// Sends the request and reads until the server closes. Who refuses a request may answer and close before it
/// is sent (RFC 9112, 9.6).
template <class Stream>
asio::awaitable<std::string> exchange(Stream& stream, std::string request) {
  std::error_code unsent, ended;
  co_await asio::async_write(stream, asio::buffer(request),
                             asio::redirect_error(asio::use_awaitable, unsent));
  std::string reply;
  co_await asio::async_read(stream, asio::dynamic_buffer(reply, reply_bytes_max),
                            asio::redirect_error(asio::use_awaitable, ended));
  if (unsent && reply.empty()) throw asio::system_error(unsent);
  // Many servers end TLS without close_notify; the reply's own length says whether it is whole.
  const bool may_be_whole = ended == asio::error::eof || ended == asio::ssl::error::stream_truncated ||
                            (ended == asio::error::connection_reset && !reply.empty());
  if (ended && !may_be_whole) throw asio::system_error(ended);
  co_return reply;
}

asio::ssl::context tls_context(const TrustSettings& trust) {
  asio::ssl::context tls(asio::ssl::context::tls_client);
  if (trust.ca_file.empty()) {
    tls.set_default_verify_paths();
  } else {
    tls.load_verify_file(trust.ca_file);
  }
  return tls;
}

/// `verified` is what was found out of the server's certificate (X509_V_OK, or why it is not trusted).
asio::awaitable<std::string> talk(asio::io_context& context, asio::ssl::context& tls, Url url,
                                  HttpRequest request, bool accept_any, long& verified) {
  tcp::resolver resolver(context);
  const auto endpoints = co_await resolver.async_resolve(url.host, url.port, asio::use_awaitable);
  tcp::socket socket(context);
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
  const std::string bytes = serialize(url, request);
  if (!url.secure) co_return co_await exchange(socket, bytes);

  asio::ssl::stream<tcp::socket&> stream(socket, tls);
  SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  if (!accept_any) {
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  }
  std::error_code failed;
  co_await stream.async_handshake(asio::ssl::stream_base::client,
                                  asio::redirect_error(asio::use_awaitable, failed));
  verified = SSL_get_verify_result(stream.native_handle());
  if (failed) throw asio::system_error(failed);
  co_return co_await exchange(stream, bytes);
}

Error explain(const Url& url, const std::system_error& error, long verified) {
  const auto where = fmt::format("{}:{}", url.host, url.port);
  if (error.code().category() == asio::error::get_ssl_category()) {
    if (ERR_GET_REASON(static_cast<unsigned long>(error.code().value())) == SSL_R_WRONG_VERSION_NUMBER)
      return {Errc::unsupported, where + ": no TLS is spoken there; is it http://?"};
    if (verified != X509_V_OK) {
      return {Errc::denied,
              fmt::format("{}: its certificate is not trusted: {} (trust a node's own with --ca FILE)", where,
                          X509_verify_cert_error_string(verified))};
    }
    const char* reason = ERR_reason_error_string(static_cast<unsigned long>(error.code().value()));
    return {Errc::io,
            fmt::format("{}: TLS failed: {}", where, reason != nullptr ? reason : "no reason given")};
  }
  const bool absent = error.code() == asio::error::connection_refused ||
                      error.code().category() == asio::error::get_netdb_category() ||
                      error.code().category() == asio::error::get_addrinfo_category() ||
                      error.code() == asio::error::network_unreachable ||
                      error.code() == asio::error::host_unreachable;
  return {absent ? Errc::unavailable : Errc::io, fmt::format("{}: {}", where, error.code().message())};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const auto wrong = [text] {
    return fail(Errc::invalid,
                fmt::format("{}: not a URL such as http://127.0.0.1:7480 or https://mail.example", text));
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.secure = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return wrong();
  }
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (rest.find_first_of("@?# ") != std::string_view::npos) return wrong();

  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  url.port = has_port ? std::string(authority.substr(colon + 1)) : url.secure ? "443" : "80";
  if (has_port) authority = authority.substr(0, colon);
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  url.host = authority;
  if (url.host.empty() || url.port.empty() || url.port.find_first_not_of("0123456789") != std::string::npos)
    return wrong();
  return url;
}

Result<HttpReply> fetch(const Url& url, const HttpRequest& request, const TrustSettings& trust,
                        std::chrono::seconds timeout) {
  asio::io_context context(1);
  asio::ssl::context tls(asio::ssl::context::tls_client);
  try {
    if (url.secure) tls = tls_context(trust);
  } catch (const std::system_error&) {
    return fail(Errc::invalid,
                fmt::format("--ca {}: no certificates (PEM) can be read from it", trust.ca_file));
  }
  std::exception_ptr failure;
  long verified = X509_V_OK;
  std::optional<std::string> reply;
  asio::co_spawn(context, talk(context, tls, url, request, trust.accept_any, verified),
                 [&](std::exception_ptr thrown, std::string bytes) {
                   failure = thrown;
                   if (!thrown) reply = std::move(bytes);
                 });
  context.run_for(timeout);
  if (reply && !url.secure && !reply->starts_with("HTTP/")) {
    return fail(Errc::corrupted,
                fmt::format("{}:{}: the answer is not HTTP; is it https://?", url.host, url.port));
  }
  if (reply) return parse_http_reply(*reply);
  if (!failure) {
    return fail(Errc::timed_out,
                fmt::format("{}:{}: no answer within {} s", url.host, url.port, timeout.count()));
  }
  try {
    std::rethrow_exception(failure);
  } catch (const std::system_error& error) {
    return tl::unexpected(explain(url, error, verified));
  }
}

}  // namespace gridmail::cli
