#include "protocols/imap/fetch_parser.hpp"

#include <fmt/format.h>

#include "protocols/imap/response_writer.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

// header-list     = "(" header-fld-name *(SP header-fld-name) ")"
void parse_header_list(TokenParser& tokens, Section& section) {
  tokens.expect('(');
  section.label += " (";
  do {
    section.fields.push_back(tokens.astring());
    if (section.fields.size() > 1) section.label += ' ';
    append_astring(section.label, section.fields.back());
  } while (tokens.accept(' '));
  tokens.expect(')');
  section.label += ')';
}

// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
// section-text    = section-msgtext / "MIME"
void parse_section_text(TokenParser& tokens, Section& section) {
  const std::string name = tokens.word();
  section.label += name;
  if (name == "TEXT") {
    section.text = mime::SectionText::text;
  } else if (name == "MIME" && !section.numbers.empty()) {
    section.text = mime::SectionText::mime;
  } else if (name == "HEADER") {
    section.text = mime::SectionText::header;
  } else if (name == "HEADER.FIELDS" || name == "HEADER.FIELDS.NOT") {
    section.text = mime::SectionText::header;
    section.select = name == "HEADER.FIELDS" ? mime::Select::listed : mime::Select::not_listed;
    tokens.space();
    parse_header_list(tokens, section);
  } else {
    tokens.fail("Unknown section");
  }
}

// section         = "[" [section-spec] "]"
// section-spec    = section-msgtext / (section-part ["." section-text])
// section-part    = nz-number *("." nz-number)
void parse_section_spec(TokenParser& tokens, Section& section) {
  constexpr std::size_t depth_max = 1000;
  bool text_follows = tokens.peek() != ']';
  while (text_follows && text::is_digit(tokens.peek())) {
    section.numbers.push_back(tokens.nz_number());
    if (section.numbers.size() > depth_max) tokens.fail("Section too deep");
    section.label += fmt::format("{}", section.numbers.back());
    text_follows = tokens.accept('.');
    if (text_follows) section.label += '.';
  }
  if (text_follows) parse_section_text(tokens, section);
  tokens.expect(']');
}

// ["<" number "." nz-number ">"]
void parse_partial(TokenParser& tokens, Section& section) {
  if (!tokens.accept('<')) return;
  const std::uint64_t offset = tokens.number();
  tokens.expect('.');
  const std::uint64_t length = tokens.nz_number();
  tokens.expect('>');
  section.partial = Section::Partial{offset, length};
  section.label += fmt::format("<{}>", offset);
}

// "BODY" section ["<" number "." nz-number ">"] / "BODY.PEEK" section ["<" number "." nz-number ">"]
void parse_section(TokenParser& tokens, Fetch& fetch, bool sets_seen) {
  Section section;
  section.sets_seen = sets_seen;
  section.label = "BODY[";
  tokens.expect('[');
  parse_section_spec(tokens, section);
  section.label += ']';
  parse_partial(tokens, section);
  fetch.sections.push_back(std::move(section));
}

void add_rfc822(Fetch& fetch, std::string label, mime::SectionText text, bool sets_seen) {
  Section section;
  section.label = std::move(label);
  section.text = text;
  section.sets_seen = sets_seen;
  fetch.sections.push_back(std::move(section));
}

// macros of section 6.4.5; they stand alone, without parentheses
bool apply_macro(Fetch& fetch, std::string_view name) {
  if (name != "ALL" && name != "FAST" && name != "FULL") return false;
  fetch.flags = fetch.internal_date = fetch.size = true;
  fetch.envelope = name != "FAST";
  fetch.body = name == "FULL";
  return true;
}

// fetch-att       = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] /
//                   "BODY" ["STRUCTURE"] / "UID" / "BODY" section … / "BODY.PEEK" section …
void parse_item(TokenParser& tokens, Fetch& fetch, const std::string& name) {
  using mime::SectionText;
  if (name == "FLAGS") {
    fetch.flags = true;
  } else if (name == "UID") {
    fetch.uid_item = true;
  } else if (name == "INTERNALDATE") {
    fetch.internal_date = true;
  } else if (name == "ENVELOPE") {
    fetch.envelope = true;
  } else if (name == "BODYSTRUCTURE") {
    fetch.body_structure = true;
  } else if (name == "RFC822.SIZE") {
    fetch.size = true;
  } else if (name == "RFC822") {
    add_rfc822(fetch, name, SectionText::whole, true);
  } else if (name == "RFC822.HEADER") {
    add_rfc822(fetch, name, SectionText::header, false);
  } else if (name == "RFC822.TEXT") {
    add_rfc822(fetch, name, SectionText::text, true);
  } else if (name == "BODY" && tokens.peek() != '[') {
    fetch.body = true;
  } else if (name == "BODY" || name == "BODY.PEEK") {
    parse_section(tokens, fetch, name == "BODY");
  } else {
    tokens.fail("Unknown FETCH item");
  }
}

}  // namespace

// fetch           = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP
// fetch-att) ")")
Fetch parse_fetch(TokenParser& tokens) {
  constexpr std::size_t sections_max = 1000;
  Fetch fetch;
  fetch.set = tokens.sequence_set();
  tokens.space();
  if (!tokens.accept('(')) {
    const std::string name = tokens.word();
    if (!apply_macro(fetch, name)) parse_item(tokens, fetch, name);
    return fetch;
  }
  do {
    parse_item(tokens, fetch, tokens.word());
    if (fetch.sections.size() > sections_max) tokens.fail("Too many sections");
  } while (!tokens.failed() && tokens.accept(' '));
  tokens.expect(')');
  return fetch;
}

}  // namespace gridmail::imap
