#include "protocols/imap/updates_response.hpp"

#include "protocols/imap/response_writer.hpp"

namespace gridmail::imap {
namespace {

void append_count(std::string& out, std::uint64_t count, std::string_view name) {
  out.append("* ");
  append_number(out, count);
  out.append(" ").append(name).append("\r\n");
}

}  // namespace

void append_known_flags(std::string& out, const std::vector<std::string>& keywords) {
  out.append("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft");
  for (const auto& keyword : keywords) out.append(" ").append(keyword);
  out.append(")\r\n");
}

void append_updates(std::string& out, const Updates& updates, const std::vector<std::string>& keywords,
                    bool with_uid) {
  for (const auto number : updates.expunged) append_count(out, number, "EXPUNGE");
  if (updates.exists) append_count(out, *updates.exists, "EXISTS");
  if (updates.recent) append_count(out, *updates.recent, "RECENT");
  if (updates.keywords_grew) append_known_flags(out, keywords);
  for (const auto& update : updates.flags) {
    out.append("* ");
    append_number(out, update.number);
    out.append(" FETCH (FLAGS ");
    append_flags(out, update.entry.flags, update.recent);
    if (with_uid) {
      out.append(" UID ");
      append_number(out, update.entry.uid);
    }
    out.append(")\r\n");
  }
}

}  // namespace gridmail::imap
