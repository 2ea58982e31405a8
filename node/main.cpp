// gridmaild: one node of the grid.
#include <cstdio>

#include "node/command_line.hpp"
#include "node/node.hpp"

int main(int argc, char** argv) {
  auto outcome = gridmail::read_command_line(argc, argv);
  if (!outcome.run) {
    std::fputs(outcome.text.c_str(), outcome.exit_code == 0 ? stdout : stderr);
    return outcome.exit_code;
  }
  gridmail::Node node(std::move(*outcome.run));
  return node.run();
}
