// Runs one coroutine to its end on an io_context of its own.
#pragma once
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "node/base/store.hpp"

namespace gridmail::test {

/// What the task returns or throws. The context has run dry when this returns.
template <class T>
T run_task(Task<T> task) {
  asio::io_context context;
  std::optional<T> value;
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr thrown, T result) {
    failure = thrown;
    if (!thrown) value.emplace(std::move(result));
  });
  context.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*value);
}

}  // namespace gridmail::test
