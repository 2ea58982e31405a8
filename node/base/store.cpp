#include "node/base/store.hpp"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

namespace gridmail {

Task<std::vector<Snapshot::Value>> Snapshot::get_each(Family family, std::vector<Bytes> keys) const {
  std::vector<Value> values;
  values.reserve(keys.size());
  for (auto& key : keys) values.push_back(co_await get(family, std::move(key)));
  co_return values;
}

Task<Result<void>> Store::commit(Batch batch) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<void>)>(
      [this](auto handler, Batch writes) {
        // std::function wants copies; the handler is move-only, so it travels in a shared_ptr.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        commit(std::move(writes), [shared](Result<void> result) {
          const auto executor = asio::get_associated_executor(*shared);
          asio::post(executor,
                     [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
        });
      },
      asio::use_awaitable, std::move(batch));
}

Task<Result<std::optional<Bytes>>> Store::get(Family family, Bytes key) {
  const auto view = snapshot();
  co_return co_await view->get(family, std::move(key));
}

}  // namespace gridmail
