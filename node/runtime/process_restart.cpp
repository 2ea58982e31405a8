#include "node/runtime/process_restart.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "node/base/log_writer.hpp"

namespace gridmail {

void start_again() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words{std::istreambuf_iterator<char>(file), {}};
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < words.size(); at = words.find('\0', at) + 1) arguments.push_back(&words[at]);
  if (arguments.empty()) return;
  arguments.push_back(nullptr);
  // Not what it has open: sockets and the lock of the store.
  constexpr unsigned first_after_errors = 3;
  (void)::close_range(first_after_errors, ~0U, 0);
  LogWriter::of_errors().flush();
  ::execv("/proc/self/exe", arguments.data());
}

}  // namespace gridmail
