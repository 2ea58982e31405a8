#include "node/services/local_mail/local_mail_server.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <vector>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "node/services/local_mail/local_senders.hpp"
#include "node/services/local_mail/local_stream.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail {
namespace {

using asio::local::stream_protocol;
constexpr auto pause_after_accept_error = std::chrono::milliseconds(100);
constexpr std::string_view refusal = "421 4.3.2 too many connections\r\n";

/// Who has connected, as the kernel knows it (unix(7)).
std::optional<uid_t> user_at(stream_protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

std::string name_of_user(uid_t user) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("uid{}", user);
}

Task<bool> joined(TaskGroup& group) {
  co_await group.join();
  co_return true;
}

}  // namespace

std::set<std::string> names_in(std::string_view list) {
  std::set<std::string> names;
  while (!list.empty()) {
    const auto name = list.substr(0, list.find(','));
    if (const auto trimmed = text::trim(name); !trimmed.empty()) names.emplace(trimmed);
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return names;
}

LocalMailServer::LocalMailServer(asio::io_context& context, smtp::Services services,
                                 const smtp::Settings& submission, Settings settings)
    : context_(context), services_(services), submission_(submission), settings_(std::move(settings)) {}

LocalMailServer::~LocalMailServer() {
  std::error_code ignored;
  if (listening_) std::filesystem::remove(settings_.socket, ignored);
}

Result<void> LocalMailServer::listen() {
  const auto& path = settings_.socket;
  std::error_code error;
  // What an earlier run left behind; anything but a socket is not ours.
  if (std::filesystem::is_socket(path, error)) std::filesystem::remove(path, error);
  const asio::any_io_executor strand = asio::make_strand(context_);
  stream_protocol::acceptor acceptor(strand);
  acceptor.open(stream_protocol(), error);
  if (!error && path.native().size() >= sizeof(sockaddr_un::sun_path)) error = asio::error::name_too_long;
  if (!error) acceptor.bind(stream_protocol::endpoint(path.native()), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Errc::invalid,
                fmt::format("cannot listen for local mail on {}: {}", path.native(), error.message()));
  // Who connects is known; whoever it is may.
  if (::chmod(path.c_str(), 0666) != 0)
    return fail(Errc::denied, fmt::format("{}: cannot be opened to this machine's users", path.native()));
  listening_ = true;
  accepting_.spawn(strand, "local_mail", accept_loop(std::move(acceptor)));
  return {};
}

Task<void> LocalMailServer::accept_loop(stream_protocol::acceptor acceptor) {
  while (true) {
    const asio::any_io_executor strand = asio::make_strand(context_);
    std::error_code error;
    auto socket = co_await acceptor.async_accept(strand, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      log(Level::warn, "local_mail.accept_failed", {{"error", error.message()}});
      co_await sleep_for(services_.clock, pause_after_accept_error);
      continue;
    }
    const auto user = user_at(socket);
    if (user && take_seat(*user)) {
      sessions_.spawn(strand, "local_mail", run_session(std::move(socket), *user));
      continue;
    }
    socket.non_blocking(true, error);
    socket.write_some(asio::buffer(refusal), error);
  }
}

bool LocalMailServer::take_seat(uid_t user) {
  const std::lock_guard lock(guard_);
  auto& own = connections_[user];
  if (own >= settings_.connections_per_user_max || connection_count_ >= settings_.connections_max)
    return false;
  ++own;
  ++connection_count_;
  return true;
}

void LocalMailServer::give_seat_back(uid_t user) {
  const std::lock_guard lock(guard_);
  --connection_count_;
  if (--connections_[user] == 0) connections_.erase(user);
}

Task<void> LocalMailServer::run_session(Socket socket, uid_t user) {
  const std::shared_ptr<void> seat(nullptr, [this, user](void*) { give_seat_back(user); });
  const auto name = name_of_user(user);
  const bool trusted = user == 0 || settings_.trusted_users.contains(name);
  LocalSenders senders(services_.directory, submission_.hostname, name, trusted);
  ports::Account account{UserId{}, name + "@" + submission_.hostname};
  const smtp::Services services{senders, services_.delivery, services_.clock, services_.random, &account};
  LocalStream stream(std::move(socket), services_.clock);
  co_await smtp::serve(stream, services, submission_);
}

Task<void> LocalMailServer::drain(TimePoint deadline) {
  accepting_.cancel();
  co_await accepting_.join();
  co_await before(services_.clock, deadline, joined(sessions_));
  sessions_.cancel();
  co_await sessions_.join();
}

}  // namespace gridmail
