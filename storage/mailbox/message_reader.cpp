#include "storage/mailbox/message_reader.hpp"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/snapshot_record.hpp"

namespace gridmail {
namespace {

using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home

constexpr std::size_t answer_bytes = 1 << 20;
constexpr std::size_t pieces_per_answer = 1000;
constexpr std::size_t slice_messages = 32;  // some 10 us each

/// No more than an answer holds: the last of what is left may be cut.
void limit(std::vector<mailbox::Read::Range>& ranges) {
  std::uint64_t room = answer_bytes;
  std::size_t count = 0;
  for (; count < std::min(ranges.size(), pieces_per_answer) && room > 0; ++count) {
    auto& range = ranges[count];
    range.set_length(std::min<std::uint64_t>(range.length(), room));
    room -= range.length();
  }
  ranges.resize(count);
}

}  // namespace

Task<Result<mailbox::StructurePage>> MessageReader::structures(std::vector<Bytes> emails) {
  const auto user = co_await snapshot_->get(Family::meta, keys_.user());
  if (!user) co_return tl::unexpected(user.error());
  if (!*user) co_return fail(Errc::not_found, "user");
  mailbox::StructurePage page;
  std::size_t bytes = 0;
  for (const auto& email : emails) {
    if (bytes >= answer_bytes) break;
    page.set_looked_at(page.looked_at() + 1);
    const auto id = EmailId::from_bytes(email);
    if (!id) co_return fail(Errc::invalid, "e-mail id");
    auto message = co_await read_record<mailbox::MessageRecord>(*snapshot_, keys_.message(*id));
    if (!message) co_return tl::unexpected(message.error());
    if (!*message) continue;
    auto& structure = *page.add_structures();
    structure.set_email(email);
    structure.set_structure(std::move(*(*message)->mutable_structure()));
    bytes += structure.structure().size() + email.size();
    if (page.looked_at() % slice_messages == 0) co_await yield_strand();
  }
  co_return page;
}

Task<Result<mailbox::Content>> MessageReader::read(std::vector<Range> ranges) {
  limit(ranges);
  mailbox::Content content;
  auto parts = parts_of(ranges);
  for (std::span<Part> left = parts; !left.empty();) {
    const auto slice = left.first(std::min(left.size(), slice_messages));
    left = left.subspan(slice.size());
    co_await read_all(slice);
    for (auto& part : slice) {
      for (auto& piece : part.pieces) content.add_pieces(std::move(piece));
      if (!part.outcome && content.pieces().empty()) co_return tl::unexpected(part.outcome.error());
      if (!part.outcome || part.is_cut) co_return content;
    }
    co_await yield_strand();
  }
  co_return content;
}

std::vector<MessageReader::Part> MessageReader::parts_of(const std::vector<Range>& ranges) {
  std::vector<Part> parts;
  for (auto first = ranges.begin(); first != ranges.end();) {
    const auto last = std::find_if(first, ranges.end(),
                                   [&](const Range& range) { return range.email() != first->email(); });
    parts.push_back({{first, last}, {}, {}, false});
    first = last;
  }
  return parts;
}

Task<void> MessageReader::read_all(std::span<Part> parts) {
  if (parts.size() == 1) {
    co_await read_part(parts.front());
    co_return;
  }
  const auto half = parts.size() / 2;
  co_await (read_all(parts.first(half)) && read_all(parts.subspan(half)));
}

Task<void> MessageReader::read_part(Part& part) {
  const auto email = EmailId::from_bytes(part.ranges.front().email());
  if (!email) {
    part.outcome = fail(Errc::invalid, "e-mail id");
    co_return;
  }
  const auto message = co_await read_record<mailbox::MessageRecord>(*snapshot_, keys_.message(*email));
  if (!message || !*message) {
    part.outcome = tl::unexpected(message ? Error{Errc::not_found, "message"} : message.error());
    co_return;
  }
  for (const auto& range : part.ranges) {
    auto piece = co_await read_range(*email, **message, range.offset(), range.length());
    if (!piece) {
      part.outcome = tl::unexpected(piece.error());
      co_return;
    }
    part.is_cut = piece->size() < range.length();
    part.pieces.push_back(std::move(*piece));
    if (part.is_cut) co_return;
  }
}

// The prefix stands in front of the body; a range that begins in the one may end in the other.
Task<Result<Bytes>> MessageReader::read_range(EmailId email, const mailbox::MessageRecord& message,
                                              std::uint64_t offset, std::uint64_t length) {
  const auto& prefix = message.prefix();
  const std::uint64_t size = prefix.size() + message.body_size();
  Bytes out;
  if (offset >= size) co_return out;
  const auto end = offset + std::min(length, size - offset);
  if (offset < prefix.size()) out = prefix.substr(offset, end - offset);
  while (offset + out.size() < end) {
    const std::uint64_t at = offset + out.size() - prefix.size();
    auto chunk = co_await snapshot_->get(Family::body,
                                         keys_.chunk(email, static_cast<std::uint32_t>(at / chunk_bytes)));
    if (!chunk) co_return tl::unexpected(chunk.error());
    const auto begin = at % chunk_bytes;
    if (!*chunk || (*chunk)->size() <= begin) co_return fail(Errc::corrupted, "chunk of a message");
    const bool is_all = out.empty() && begin == 0 && (*chunk)->size() == end - offset;
    if (is_all) co_return std::move(**chunk);
    out.append(**chunk, begin, end - offset - out.size());
  }
  co_return out;
}

}  // namespace gridmail
