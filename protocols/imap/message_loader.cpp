#include "protocols/imap/message_loader.hpp"

#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"

namespace gridmail::imap {

Task<Result<Bytes>> read_range(ports::Mailboxes& mailboxes, UserId user, EmailId email,
                               mime::ByteRange range) {
  Bytes all;
  while (all.size() < range.length) {
    auto piece = co_await mailboxes.read(user, email, range.offset + all.size(), range.length - all.size());
    if (!piece) co_return tl::unexpected(piece.error());
    if (piece->empty()) co_return fail(Errc::corrupted, "message ends early");
    if (all.empty() && piece->size() >= range.length) {
      all = std::move(*piece);
    } else {
      all.append(*piece);
    }
  }
  all.resize(static_cast<std::size_t>(range.length));
  co_return all;
}

Task<Result<Structures>> load_structures(ports::Mailboxes& mailboxes, UserId user,
                                         std::vector<ports::Entry> entries) {
  std::vector<EmailId> emails;
  emails.reserve(entries.size());
  for (const auto& entry : entries) emails.push_back(entry.email);
  auto stored = co_await mailboxes.structures(user, std::move(emails));
  if (!stored) co_return tl::unexpected(stored.error());

  Structures structures;
  structures.reserve(entries.size());
  for (const auto& [email, bytes] : *stored) {
    auto structure = mime::decode(bytes);
    if (structure && !mime::is_outdated(*structure)) structures.emplace(email, std::move(*structure));
  }
  for (const auto& entry : entries) {
    if (structures.contains(entry.email)) continue;
    auto bytes = co_await read_range(mailboxes, user, entry.email, {0, entry.size});
    if (!bytes) co_return tl::unexpected(bytes.error());
    structures.emplace(entry.email, mime::parse(*bytes));
  }
  co_return structures;
}

}  // namespace gridmail::imap
