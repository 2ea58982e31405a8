// gridmaild: one node of the grid.
#include <google/protobuf/stubs/logging.h>
#include <sys/resource.h>

#include <cstdio>

#include "node/base/log_writer.hpp"
#include "node/command_line.hpp"
#include "node/node.hpp"

namespace {

/// Each client is an open file, and shells hand out 1,024; a refusal leaves what there is.
void allow_many_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  auto outcome = gridmail::read_command_line(argc, argv);
  if (!outcome.run) {
    std::fputs(outcome.text.c_str(), outcome.exit_code == 0 ? stdout : stderr);
    return outcome.exit_code;
  }
  allow_many_open_files();
  gridmail::write_log_when_dying();
  // A record that does not parse is refused, and the refusal logged, where it came in; the library would also
  // print a line for each, at the pace of whoever sends them.
  google::protobuf::SetLogHandler(nullptr);
  gridmail::Node node(std::move(*outcome.run));
  return node.run();
}
