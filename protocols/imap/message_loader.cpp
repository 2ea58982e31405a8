#include "protocols/imap/message_loader.hpp"

#include "protocols/imap/read_ahead.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure_codec.hpp"

namespace gridmail::imap {

Task<Result<Bytes>> read_range(ports::Mailboxes& mailboxes, UserId user, EmailId email,
                               mime::ByteRange range) {
  ReadAhead content(mailboxes, user);
  content.add({email, range.offset, range.length});
  Bytes all;
  while (all.size() < range.length) {
    if (const auto loaded = co_await content.load(); !loaded) co_return tl::unexpected(loaded.error());
    all.append(content.take());
  }
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
    if (!bytes && bytes.error().code == Errc::not_found) continue;
    if (!bytes) co_return tl::unexpected(bytes.error());
    structures.emplace(entry.email, mime::parse(*bytes));
  }
  co_return structures;
}

}  // namespace gridmail::imap
