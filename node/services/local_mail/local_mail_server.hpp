// LocalMailServer: submission for the users of this machine, over a Unix socket that tells who they are.
#pragma once
#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "node/runtime/task_group.hpp"
#include "protocols/smtp/session.hpp"

namespace gridmail {

/// Anybody on the machine may connect: the kernel says which user that is (SO_PEERCRED), so nobody needs a
/// password, and nobody can pass for another: an ordinary user sends as NAME@hostname, in the envelope and in
/// From; root and trusted users, such as a web server's, as anybody. Received says who it was.
/// Thread-safe but for construction and destruction. Lifecycle: listen() → drain() → destruction; what it is
/// given outlives it.
class LocalMailServer {
 public:
  struct Settings {
    std::filesystem::path socket;
    std::set<std::string> trusted_users;
    std::size_t connections_max = 200;
    std::size_t connections_per_user_max = 20;
  };
  LocalMailServer(asio::io_context& context, smtp::Services services, const smtp::Settings& submission,
                  Settings settings);
  ~LocalMailServer();

  /// Errors: invalid (the folder does not exist, something else has the name), denied.
  [[nodiscard]] Result<void> listen();
  /// Stops accepting, waits for the sessions until `deadline`, then cancels and joins them.
  [[nodiscard]] Task<void> drain(TimePoint deadline);

 private:
  using Socket = asio::local::stream_protocol::socket;
  [[nodiscard]] Task<void> accept_loop(asio::local::stream_protocol::acceptor acceptor);
  [[nodiscard]] Task<void> run_session(Socket socket, uid_t user);
  [[nodiscard]] bool take_seat(uid_t user);
  void give_seat_back(uid_t user);

  asio::io_context& context_;
  const smtp::Services services_;
  const smtp::Settings& submission_;
  const Settings settings_;
  std::mutex guard_;
  std::map<uid_t, std::size_t> connections_;  ///< of users who have any
  std::size_t connection_count_ = 0;
  bool listening_ = false;
  TaskGroup accepting_{"local_accept"};
  TaskGroup sessions_{"local_mail"};
};

/// "www-data, list" as names.
[[nodiscard]] std::set<std::string> names_in(std::string_view list);

}  // namespace gridmail
