#include <iostream>

#include "node/cli/command_tree.hpp"

int main(int argc, char** argv) {
  return gridmail::cli::run(argc, argv, std::cout, std::cerr);
}
