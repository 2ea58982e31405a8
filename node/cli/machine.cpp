#include "node/cli/machine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace gridmail::cli {
namespace {

Error io_error(const std::filesystem::path& file) {
  return {Errc::io, fmt::format("{}: {}", file.string(), std::strerror(errno))};
}

std::string first_address(const ifaddrs* interfaces, int family, socklen_t size) {
  for (const auto* at = interfaces; at != nullptr; at = at->ifa_next) {
    const bool serves = (at->ifa_flags & IFF_UP) != 0 && (at->ifa_flags & IFF_LOOPBACK) == 0;
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != family || !serves) continue;
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ifa_addr, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) continue;
    // A link-local address names its interface and is of no use to others.
    if (std::strchr(text, '%') == nullptr) return text;
  }
  return {};
}

Result<void> write_all(int out, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(out, content.data(), content.size());
    if (written < 0) return fail(Errc::io, std::strerror(errno));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(out) != 0) return fail(Errc::io, std::strerror(errno));
  return {};
}

}  // namespace

std::string machine_hostname() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name, nullptr, &hints, &found) != 0) return name;
  std::string full = found->ai_canonname != nullptr ? found->ai_canonname : name;
  ::freeaddrinfo(found);
  return full;
}

std::string machine_address() {
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(interfaces, &::freeifaddrs);
  auto address = first_address(interfaces, AF_INET, sizeof(sockaddr_in));
  return !address.empty() ? address : first_address(interfaces, AF_INET6, sizeof(sockaddr_in6));
}

Result<void> write_private_file(const std::filesystem::path& file, std::string_view content,
                                const std::string& group) {
  const auto* entry = group.empty() ? nullptr : ::getgrnam(group.c_str());
  if (!group.empty() && entry == nullptr) return fail(Errc::not_found, "there is no group " + group);
  std::string temporary = file.string() + ".XXXXXX";
  const int out = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (out < 0) return tl::unexpected(io_error(file));
  auto written = write_all(out, content);
  if (written && entry != nullptr &&
      (::fchown(out, 0, entry->gr_gid) != 0 || ::fchmod(out, S_IRUSR | S_IWUSR | S_IRGRP) != 0)) {
    written = tl::unexpected(io_error(file));
  }
  ::close(out);
  // Unlike rename(2), link(2) does not replace.
  if (written && ::link(temporary.c_str(), file.c_str()) != 0) {
    written = errno == EEXIST ? fail(Errc::already_exists, file.string() + " is there already")
                              : Result<void>(tl::unexpected(io_error(file)));
  }
  ::unlink(temporary.c_str());
  return written;
}

Result<void> run_program(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return fail(Errc::io, fmt::format("{}: {}", words.front(), std::strerror(failed)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::io, fmt::format("{} failed", fmt::join(words, " ")));
}

}  // namespace gridmail::cli
