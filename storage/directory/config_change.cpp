// The part of ChangeWriter about the history of applied configurations.
#include "storage/directory/change_writer.hpp"

namespace gridmail {
namespace {

constexpr std::uint64_t versions_kept = 100;
constexpr std::size_t diff_bytes_max = 64 << 10;

}  // namespace

Task<Result<void>> ChangeWriter::add_config_version(const directory::Change& change) {
  const auto& diff = change.add_config_version().diff();
  if (diff.empty() || diff.size() > diff_bytes_max)
    co_return fail(Errc::invalid, "a difference has between 1 and 65536 bytes");
  auto stored = co_await load<directory::ConfigBook>(keys_.config_book());
  if (!stored) co_return tl::unexpected(stored.error());
  auto book = stored->value_or(directory::ConfigBook{});
  book.set_last(book.last() + 1);
  directory::ConfigVersion version;
  version.set_number(book.last());
  version.set_at(now_);
  version.set_who(change.actor().who());
  version.set_diff(diff);
  if (auto done = co_await put(keys_.config_version(book.last()), version.SerializeAsString()); !done)
    co_return done;
  if (book.last() > versions_kept) {
    if (auto gone = co_await remove(keys_.config_version(book.last() - versions_kept)); !gone) co_return gone;
  }
  co_return co_await put(keys_.config_book(), book.SerializeAsString());
}

}  // namespace gridmail
