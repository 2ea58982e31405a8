#include "node/runtime/worker_pool.hpp"

#include <pthread.h>

namespace gridmail {

WorkerPool::WorkerPool(std::string name, std::size_t threads) : name_(name.substr(0, 15)), pool_(threads) {
  // Asio gives no hook for a new thread; as many tasks as threads usually reach each of them once. For `top`
  // only.
  for (std::size_t i = 0; i < threads; ++i) {
    asio::post(pool_, [this] { pthread_setname_np(pthread_self(), name_.c_str()); });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::stop() {
  stopped_ = true;
  pool_.join();
}

}  // namespace gridmail
