#include "storage/queue/intake_assembly.hpp"

namespace gridmail {
namespace {

constexpr std::uint64_t bytes_max = 256ULL << 20;
constexpr std::uint32_t pieces_max = 4096;
constexpr Duration unfinished_kept = std::chrono::seconds(30);

}  // namespace

bool IntakeAssembly::add(NodeId from, IntakeId id, const queue::Piece& piece, TimePoint now) {
  if (piece.count() == 0 || piece.count() > pieces_max || piece.index() >= piece.count()) return false;
  forget_old(now);
  if (bytes_ + piece.content().size() > bytes_max) return false;
  auto& unfinished = unfinished_[{id, from}];
  if (unfinished.pieces.empty()) {
    unfinished.pieces.resize(piece.count());
    unfinished.missing = piece.count();
  }
  if (unfinished.pieces.size() != piece.count()) return false;
  unfinished.touched = now;
  auto& place = unfinished.pieces[piece.index()];
  if (place) return true;
  place = piece.content();
  --unfinished.missing;
  unfinished.bytes += piece.content().size();
  bytes_ += piece.content().size();
  return true;
}

std::optional<TakenRecord> IntakeAssembly::take_complete(NodeId from, IntakeId id) {
  const auto found = unfinished_.find({id, from});
  if (found == unfinished_.end() || found->second.missing != 0) return std::nullopt;
  auto unfinished = std::move(found->second);
  unfinished_.erase(found);
  bytes_ -= unfinished.bytes;
  TakenRecord taken;
  if (!taken.record.ParseFromString(*unfinished.pieces.front()) || taken.record.id() != id.view())
    return std::nullopt;
  for (std::size_t i = 1; i < unfinished.pieces.size(); ++i)
    taken.chunks.push_back(std::move(*unfinished.pieces[i]));
  return taken;
}

void IntakeAssembly::forget(IntakeId id) {
  std::erase_if(unfinished_, [&](const auto& pair) {
    const bool same = pair.first.first == id;
    if (same) bytes_ -= pair.second.bytes;
    return same;
  });
}

void IntakeAssembly::forget_old(TimePoint now) {
  std::erase_if(unfinished_, [&](const auto& pair) {
    const bool old = pair.second.touched + unfinished_kept < now;
    if (old) bytes_ -= pair.second.bytes;
    return old;
  });
}

}  // namespace gridmail
