// Reading records of family meta from a snapshot, on the slot's strand.
#pragma once
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>

#include "node/base/store.hpp"

namespace gridmail {

/// `snapshot` must outlive the call. Errors: io, corrupted.
template <class Record>
[[nodiscard]] Task<Result<std::optional<Record>>> read_record(const Snapshot& snapshot, Bytes key) {
  const auto bytes = co_await snapshot.get(Family::meta, std::move(key));
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (!*bytes) co_return std::optional<Record>();
  Record record;
  if (!record.ParseFromString(**bytes)) co_return fail(Errc::corrupted, "mailbox record");
  co_return std::optional<Record>(std::move(record));
}

/// Lets others on the strand go first: a long read goes in slices (design, section 4).
[[nodiscard]] inline Task<void> yield_strand() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace gridmail
