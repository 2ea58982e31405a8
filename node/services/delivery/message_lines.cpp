// The part of GridDelivery that makes lines of what has none, or not such as others take.
#include "node/services/delivery/delivery_transaction.hpp"
#include "protocols/mime/reencoding.hpp"

namespace gridmail {
namespace {

/// Each CR becomes CRLF. Several in a row are one line end, as is what they stand before: CR CR LF in a
/// header would otherwise end it.
Bytes with_line_ends(BytesView text) {
  Bytes lines;
  lines.reserve(text.size() + text.size() / 64);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto next = text.substr(at + 1, 1);
    if (text[at] == '\r' && next == "\r") continue;
    lines.push_back(text[at]);
    if (text[at] == '\r' && next != "\n") lines.push_back('\n');
  }
  return lines;
}

}  // namespace

/// RFC 3030, section 3: where lines are kept, binary parts have to be encoded.
Task<Result<void>> GridDelivery::make_lines(TransactionPtr transaction) {
  const auto& body = *transaction->body;
  const auto share = co_await parse_bytes_.take(3 * body.size());
  const auto bytes = body.read(0, static_cast<std::size_t>(body.size()));
  if (!bytes) co_return tl::unexpected(bytes.error());
  if (mime::fits(*bytes, mime::Carrier::lines)) co_return Result<void>{};
  std::optional<Bytes> made;
  if (ports_.workers == nullptr || body.size() <= looked_through_here_bytes_max) {
    made = mime::reencode(*bytes, mime::Carrier::lines);
  } else {
    made = co_await ports_.workers->run([&bytes] { return mime::reencode(*bytes, mime::Carrier::lines); });
  }
  if (!made) co_return fail(Errc::invalid, "binary outside of binary parts");
  transaction->reencoded = std::make_unique<const MemoryBody>(std::move(*made));
  transaction->body = transaction->reencoded.get();
  co_return Result<void>{};
}

/// Of what leaves the grid: others cut or refuse lines of more than 998 octets (RFC 5321, section 4.5.3.1.6),
/// and may take a bare CR for the end of a line, and so what follows for commands. What cannot be encoded,
/// such as signed parts, keeps its long lines, but no CR.
Task<Result<void>> GridDelivery::make_lines_for_others(TransactionPtr transaction,
                                                       const ports::Incoming& message) {
  const bool has_bare_cr = message.bare_cr && !message.binary;  // of binary lines were made
  const bool has_long_lines = message.submitted && message.long_lines;
  if (!has_bare_cr && !has_long_lines) co_return Result<void>{};
  auto made = co_await make_lines(transaction);
  if (made || !has_bare_cr) co_return Result<void>{};
  if (made.error().code != Errc::invalid) co_return made;
  const auto& body = *transaction->body;
  const auto share = co_await parse_bytes_.take(3 * body.size());
  const auto bytes = body.read(0, static_cast<std::size_t>(body.size()));
  if (!bytes) co_return tl::unexpected(bytes.error());
  transaction->reencoded = std::make_unique<const MemoryBody>(with_line_ends(*bytes));
  transaction->body = transaction->reencoded.get();
  co_return Result<void>{};
}

}  // namespace gridmail
