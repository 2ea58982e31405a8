#include "protocols/imap/fetch_response.hpp"

#include <algorithm>

#include "protocols/imap/envelope_response.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/mime/section.hpp"

namespace gridmail::imap {
namespace {

bool is_whole_message(const Section& section) {
  return section.numbers.empty() && section.text == mime::SectionText::whole;
}

}  // namespace

FetchNeeds needs_of(const Fetch& fetch) {
  FetchNeeds needs;
  needs.structure = fetch.envelope || fetch.body || fetch.body_structure;
  for (const auto& section : fetch.sections) {
    needs.structure = needs.structure || !is_whole_message(section);
    needs.sets_seen = needs.sets_seen || section.sets_seen;
  }
  needs.entry =
      needs.structure || fetch.flags || fetch.internal_date || fetch.size || !fetch.sections.empty();
  return needs;
}

FetchItemWriter::FetchItemWriter(std::string& out, SequenceNumber number) : out_(out) {
  out_.append("* ");
  append_number(out_, number);
  out_.append(" FETCH (");
}

std::string& FetchItemWriter::item(std::string_view name) {
  if (!first_) out_.push_back(' ');
  first_ = false;
  return out_.append(name).append(" ");
}

void FetchItemWriter::finish() {
  out_.append(")\r\n");
}

void append_plain_items(FetchItemWriter& writer, const Fetch& fetch, const FetchSubject& subject,
                        bool with_uid) {
  const ports::Entry& entry = *subject.entry;
  if (fetch.flags || subject.seen_now) append_flags(writer.item("FLAGS"), entry.flags, subject.recent);
  if (fetch.uid_item || with_uid) append_number(writer.item("UID"), entry.uid);
  if (fetch.internal_date) {
    append_internal_date(writer.item("INTERNALDATE"), entry.internal_date, entry.zone_minutes);
  }
  if (fetch.size) append_number(writer.item("RFC822.SIZE"), entry.size);
  if (fetch.envelope) append_envelope(writer.item("ENVELOPE"), subject.structure->message().envelope);
  if (fetch.body) append_body_structure(writer.item("BODY"), *subject.structure, Extension::left_out);
  if (fetch.body_structure)
    append_body_structure(writer.item("BODYSTRUCTURE"), *subject.structure, Extension::given);
}

mime::ByteRange clip(const std::optional<Section::Partial>& partial, std::uint64_t length) {
  if (!partial) return {0, length};
  const std::uint64_t offset = std::min(partial->offset, length);
  return {offset, std::min(partial->length, length - offset)};
}

std::optional<mime::ByteRange> range_of(const Section& section, const FetchSubject& subject) {
  std::optional<mime::ByteRange> range;
  if (is_whole_message(section)) {
    range = mime::ByteRange{0, subject.entry->size};
  } else {
    range = mime::find_section(*subject.structure, section.numbers, section.text);
  }
  if (!range || section.select) return range;
  const mime::ByteRange clipped = clip(section.partial, range->length);
  return mime::ByteRange{range->offset + clipped.offset, clipped.length};
}

}  // namespace gridmail::imap
