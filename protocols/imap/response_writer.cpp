#include "protocols/imap/response_writer.hpp"

#include <algorithm>
#include <charconv>

#include "protocols/text/ascii.hpp"
#include "protocols/text/date.hpp"
#include "protocols/text/modified_utf7.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t quoted_bytes_max = 1000;  // longer strings go as literals: clients limit their lines

bool is_quotable(std::string_view value) {
  return value.size() <= quoted_bytes_max &&
         std::all_of(value.begin(), value.end(), [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
}

bool is_astring_atom(std::string_view value) {
  return !value.empty() && !text::equal_ignoring_case(value, "NIL") &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return c > 0x20 && c < 0x7f && std::string_view("(){%*\"\\").find(c) == std::string_view::npos;
         });
}

void append_quoted(std::string& out, std::string_view value) {
  out.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

/// Collects numbers in their order; neighbours that ascend by one become a range.
class RunWriter {
 public:
  void add(Uid uid) {
    if (first_ != 0 && uid == last_ + 1) {
      last_ = uid;
      return;
    }
    finish_run();
    first_ = last_ = uid;
  }
  std::string finish() {
    finish_run();
    return std::move(text_);
  }

 private:
  void finish_run() {
    if (first_ == 0) return;
    if (!text_.empty()) text_.push_back(',');
    append_number(text_, first_);
    if (last_ == first_) return;
    text_.push_back(':');
    append_number(text_, last_);
  }
  std::string text_;
  Uid first_ = 0;
  Uid last_ = 0;
};

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_string(std::string& out, std::string_view value) {
  if (is_quotable(value)) return append_quoted(out, value);
  out.push_back('{');
  append_number(out, value.size());
  out.append("}\r\n");
  out.append(value);
}

void append_astring(std::string& out, std::string_view value) {
  if (is_astring_atom(value)) {
    out.append(value);
  } else {
    append_string(out, value);
  }
}

void append_nstring(std::string& out, const std::optional<std::string>& value) {
  if (value) {
    append_string(out, *value);
  } else {
    out.append("NIL");
  }
}

void append_mailbox(std::string& out, std::string_view name) {
  append_astring(out, text::to_modified_utf7(name));
}

void append_flags(std::string& out, const ports::Flags& flags, bool recent) {
  static constexpr std::pair<std::uint8_t, std::string_view> names[] = {{ports::Flag::answered, "\\Answered"},
                                                                        {ports::Flag::flagged, "\\Flagged"},
                                                                        {ports::Flag::deleted, "\\Deleted"},
                                                                        {ports::Flag::seen, "\\Seen"},
                                                                        {ports::Flag::draft, "\\Draft"}};
  out.push_back('(');
  const std::size_t start = out.size();
  const auto add = [&](std::string_view name) {
    if (out.size() != start) out.push_back(' ');
    out.append(name);
  };
  for (const auto& [flag, name] : names) {
    if ((flags.system & flag) != 0) add(name);
  }
  if (recent) add("\\Recent");
  for (const auto& keyword : flags.keywords) add(keyword);
  out.push_back(')');
}

void append_internal_date(std::string& out, WallMicros date, std::int16_t zone_minutes) {
  constexpr WallMicros second = 1'000'000;
  const WallMicros seconds = date / second - (date % second < 0 ? 1 : 0);
  out.push_back('"');
  out.append(text::format_imap_date_time({seconds, zone_minutes}));
  out.push_back('"');
}

void append_uid_set(std::string& out, const UidSet& uids) {
  bool first = true;
  for (const auto& run : uids.runs()) {
    if (!first) out.push_back(',');
    first = false;
    append_number(out, run.first);
    if (run.last == run.first) continue;
    out.push_back(':');
    append_number(out, run.last);
  }
}

std::string copyuid(UidValidity uid_validity, std::span<const std::pair<Uid, Uid>> uids) {
  RunWriter sources, copies;
  for (const auto& [source, copied] : uids) {
    sources.add(source);
    copies.add(copied);
  }
  std::string code = "COPYUID ";
  append_number(code, uid_validity);
  code.push_back(' ');
  code.append(sources.finish());
  code.push_back(' ');
  code.append(copies.finish());
  return code;
}

}  // namespace gridmail::imap
