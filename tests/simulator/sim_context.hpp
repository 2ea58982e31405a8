// One simulated node's io_context. Its loss is the node's crash: every coroutine and handler of the node is
// destroyed where it stands, while the objects they refer to still exist.
#pragma once
#include <asio/io_context.hpp>

namespace gridmail::sim {

class SimContext : public asio::io_context {
 public:
  SimContext() : asio::io_context(ASIO_CONCURRENCY_HINT_UNSAFE) {}  // one thread runs everything
  void crash() { asio::execution_context::shutdown(); }
};

}  // namespace gridmail::sim
