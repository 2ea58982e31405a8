#include "storage/mailbox/message_reader.hpp"

#include <algorithm>

#include "storage/mailbox/mailbox_requests.hpp"
#include "storage/mailbox/snapshot_record.hpp"

namespace gridmail {
namespace {

constexpr std::size_t answer_bytes = 1 << 20;
constexpr std::size_t pieces_per_answer = 1000;
constexpr std::size_t slice_length = 32;  // some 10 us each

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
  for (std::span<const Bytes> left = emails; !left.empty() && bytes < answer_bytes;) {
    const auto slice = left.first(std::min(left.size(), slice_length));
    left = left.subspan(slice.size());
    auto messages = co_await messages_of({slice.begin(), slice.end()});
    for (std::size_t i = 0; i < slice.size() && bytes < answer_bytes; ++i) {
      page.set_looked_at(page.looked_at() + 1);
      auto& message = messages[i];
      if (!message && message.error().code == Errc::not_found) continue;
      if (!message) co_return tl::unexpected(message.error());
      auto& structure = *page.add_structures();
      structure.set_email(slice[i]);
      structure.set_structure(std::move(*message->mutable_structure()));
      bytes += structure.structure().size() + slice[i].size();
    }
    co_await yield_strand();
  }
  co_return page;
}

Task<Result<mailbox::Content>> MessageReader::read(std::vector<Range> ranges) {
  limit(ranges);
  mailbox::Content content;
  for (std::span<const Range> left = ranges; !left.empty();) {
    const auto slice = left.first(std::min(left.size(), slice_length));
    left = left.subspan(slice.size());
    const auto pieces = co_await pieces_of(slice);
    for (std::size_t i = 0; i < slice.size(); ++i) {
      if (!pieces[i] && content.pieces().empty()) co_return tl::unexpected(pieces[i].error());
      if (!pieces[i]) co_return content;
      content.add_pieces(*pieces[i]);
      if (pieces[i]->size() < slice[i].length()) co_return content;
    }
    co_await yield_strand();
  }
  co_return content;
}

Task<std::vector<Result<mailbox::MessageRecord>>> MessageReader::messages_of(std::vector<Bytes> emails) {
  std::vector<Result<mailbox::MessageRecord>> messages(emails.size());
  std::vector<Bytes> keys;
  for (std::size_t i = 0; i < emails.size(); ++i) {
    const auto id = EmailId::from_bytes(emails[i]);
    if (!id) messages[i] = fail(Errc::invalid, "e-mail id");
    keys.push_back(id ? keys_.message(*id) : Bytes());
  }
  const auto values = co_await snapshot_->get_each(Family::meta, std::move(keys));
  for (std::size_t i = 0; i < emails.size(); ++i) {
    if (!messages[i]) continue;
    if (!values[i]) {
      messages[i] = tl::unexpected(values[i].error());
    } else if (!*values[i]) {
      messages[i] = fail(Errc::not_found, "message");
    } else if (!messages[i]->ParseFromString(**values[i])) {
      messages[i] = fail(Errc::corrupted, "message record");
    }
  }
  co_return messages;
}

// The prefix stands in front of the body; a range that begins in the one may end in the other.
Task<std::vector<Result<Bytes>>> MessageReader::pieces_of(std::span<const Range> ranges) {
  std::vector<Bytes> emails;  // of ranges that are neighbours in one message, once
  std::vector<std::size_t> place;
  for (const auto& range : ranges) {
    if (emails.empty() || emails.back() != range.email()) emails.push_back(range.email());
    place.push_back(emails.size() - 1);
  }
  const auto messages = co_await messages_of(std::move(emails));

  std::vector<Result<Bytes>> pieces(ranges.size());
  std::vector<Bytes> keys;
  std::vector<Cut> cuts;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto& message = messages[place[i]];
    if (!message) {
      pieces[i] = tl::unexpected(message.error());
      continue;
    }
    const auto& prefix = message->prefix();
    const std::uint64_t size = prefix.size() + message->body_size();
    const std::uint64_t begin = std::min<std::uint64_t>(ranges[i].offset(), size);
    const std::uint64_t end = begin + std::min<std::uint64_t>(ranges[i].length(), size - begin);
    if (begin < prefix.size()) pieces[i] = prefix.substr(begin, end - begin);
    const auto email = *EmailId::from_bytes(ranges[i].email());
    for (std::uint64_t at = begin + pieces[i]->size(); at < end;) {
      const std::uint64_t of_body = at - prefix.size();
      const auto index = static_cast<std::uint32_t>(of_body / chunk_bytes);
      const auto first = static_cast<std::size_t>(of_body % chunk_bytes);
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes - first, end - at));
      keys.push_back(keys_.chunk(email, index));
      cuts.push_back({i, first, length});
      at += length;
    }
  }
  auto chunks = co_await snapshot_->get_each(Family::body, std::move(keys));
  for (std::size_t i = 0; i < cuts.size(); ++i)
    append_cut(cuts[i], std::move(chunks[i]), pieces[cuts[i].piece]);
  co_return pieces;
}

void MessageReader::append_cut(const Cut& cut, Snapshot::Value chunk, Result<Bytes>& piece) {
  if (!piece) return;
  if (!chunk) {
    piece = tl::unexpected(chunk.error());
  } else if (!*chunk || (*chunk)->size() < cut.first + cut.length) {
    piece = fail(Errc::corrupted, "chunk of a message");
  } else if (piece->empty() && (*chunk)->size() == cut.length) {
    piece = std::move(**chunk);
  } else {
    piece->append(**chunk, cut.first, cut.length);
  }
}

}  // namespace gridmail
