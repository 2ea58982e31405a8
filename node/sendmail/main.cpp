// sendmail, mailq and newaliases of a machine with a node: hands mail to the node's socket (local_mail.socket
// in gridmail.toml(5)); the node says who may send as whom. It has no rights of its own: no setuid, no
// setgid.
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "node/sendmail/message_text.hpp"
#include "node/sendmail/sendmail_arguments.hpp"
#include "node/sendmail/submission_dialogue.hpp"

namespace gridmail::sendmail {
namespace {

constexpr auto usual_socket = "/run/gridmail/sendmail";
constexpr int patience_ms = 10 * 60 * 1000;
constexpr std::size_t message_bytes_max = 1ULL << 30;
constexpr std::size_t line_bytes_max = 8 * 1024;

/// A descriptor of ours.
class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

class SocketConnection final : public Connection {
 public:
  explicit SocketConnection(int socket) : socket_(socket) {}

  bool write(BytesView bytes) override {
    while (!bytes.empty()) {
      const auto written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool read_line(std::string& line) override {
    for (;;) {
      const auto end = input_.find("\r\n");
      if (end != std::string::npos) {
        line = input_.substr(0, end);
        input_.erase(0, end + 2);
        return true;
      }
      pollfd waiting{socket_, POLLIN, 0};
      char piece[4096];
      if (input_.size() > line_bytes_max || ::poll(&waiting, 1, patience_ms) <= 0) return false;
      const auto got = ::recv(socket_, piece, sizeof piece, 0);
      if (got <= 0) return false;
      input_.append(piece, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
  std::string input_;
};

int connect_to_node() {
  const char* given = std::getenv("GRIDMAIL_SENDMAIL_SOCKET");
  const std::string path = given != nullptr ? given : usual_socket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  if (socket >= 0) ::close(socket);
  return -1;
}

int report(const Ended& ended) {
  if (!ended.text.empty()) fmt::print(stderr, "sendmail: {}\n", ended.text);
  return ended.exit_code;
}

std::string own_name() {
  const auto* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : fmt::format("uid{}", ::getuid());
}

/// False: it cannot be read, or has no end.
bool read_all(int file, Bytes& text) {
  char piece[64 * 1024];
  for (;;) {
    const auto got = ::read(file, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    if (text.size() > message_bytes_max) return false;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

std::string qualified(const std::string& address, const std::string& hostname) {
  const bool complete = address.empty() || address.find('@') != std::string::npos;
  return complete ? address : address + "@" + hostname;
}

int deliver(const CommandLine& line) {
  if (line.recipients.empty() && !line.recipients_in_header)
    return report({usage, "no recipients: name them, or give -t"});
  Bytes input;
  if (!read_all(STDIN_FILENO, input)) return report({io_error, "the message cannot be read"});
  Letter letter;
  letter.text = with_line_ends(input, line.dot_is_text);
  letter.recipients = line.recipients;
  letter.notify = line.notify;
  letter.returned = line.returned;
  letter.envelope_id = line.envelope_id;
  if (line.recipients_in_header) {
    for (auto& recipient : recipients_in(letter.text)) letter.recipients.push_back(std::move(recipient));
    letter.text = without_blind_copies(letter.text);
  }
  if (letter.recipients.empty()) return report({usage, "the header names no recipients"});
  const File node(connect_to_node());
  if (node.number() < 0) return report({temporary_failure, "no node takes mail on this machine now"});
  SocketConnection connection(node.number());
  return report(send(connection, [&](const std::string& hostname) {
    auto finished = letter;
    for (auto& recipient : finished.recipients) recipient = qualified(recipient, hostname);
    const auto self = own_name() + "@" + hostname;
    finished.sender = line.sender ? qualified(*line.sender, hostname) : self;
    finished.text = with_author(std::move(finished.text), line.full_name,
                                finished.sender.empty() ? self : finished.sender);
    return finished;
  }));
}

/// Passes bytes from one to the other; false at the end.
bool pass(int from, int to) {
  char piece[16 * 1024];
  const auto got = ::read(from, piece, sizeof piece);
  if (got <= 0) return got < 0 && errno == EINTR;
  for (ssize_t done = 0; done < got;) {
    const auto written = ::write(to, piece + done, static_cast<std::size_t>(got - done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += written;
  }
  return true;
}

int speak_smtp() {
  const File node(connect_to_node());
  if (node.number() < 0) return report({temporary_failure, "no node takes mail on this machine now"});
  pollfd ends[] = {{STDIN_FILENO, POLLIN, 0}, {node.number(), POLLIN, 0}};
  for (;;) {
    if (::poll(ends, 2, patience_ms) <= 0) return report({io_error, "nothing was said for 10 minutes"});
    if (ends[1].revents != 0 && !pass(node.number(), STDOUT_FILENO)) return ok;
    if (ends[0].revents != 0 && !pass(STDIN_FILENO, node.number())) {
      (void)::shutdown(node.number(), SHUT_WR);
      ends[0].fd = -1;  // the answers to the last commands are still to come
    }
  }
}

/// The queue is the grid's: whoever may see it has a token or the admin's password.
int list_queue() {
  ::execlp("gridmail", "gridmail", "queue", "list", static_cast<char*>(nullptr));
  return report({unavailable, "there is no gridmail program"});
}

int run(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto line =
      parse_arguments(argc > 0 ? argv[0] : "sendmail",
                      {argv + (argc > 0 ? 1 : 0), static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)});
  if (!line) return report({usage, line.error().text});
  switch (line->mode) {
    case Mode::speak_smtp:
      return speak_smtp();
    case Mode::list_queue:
      return list_queue();
    case Mode::do_nothing:
      return ok;
    case Mode::deliver:
      break;
  }
  return deliver(*line);
}

}  // namespace
}  // namespace gridmail::sendmail

int main(int argc, char** argv) {
  return gridmail::sendmail::run(argc, argv);
}
