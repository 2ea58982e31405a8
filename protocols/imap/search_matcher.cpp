#include "protocols/imap/search_matcher.hpp"

#include <algorithm>

#include "protocols/mime/header.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/encoded_word.hpp"

namespace gridmail::imap {
namespace {

using Kind = SearchKey::Kind;

Verdict verdict(bool matches) {
  return matches ? Verdict::yes : Verdict::no;
}

/// Section 6.4.4: dates disregard time and timezone.
text::Day internal_day(const ports::Entry& entry) {
  constexpr WallMicros second = 1'000'000;
  return text::local_day({entry.internal_date / second, entry.zone_minutes});
}

bool has_keyword(const ports::Flags& flags, const std::string& name) {
  return std::any_of(flags.keywords.begin(), flags.keywords.end(),
                     [&](const std::string& keyword) { return text::equal_ignoring_case(keyword, name); });
}

/// Keys that flags, date and size decide.
bool match_entry(const SearchKey& key, const ports::Entry& entry) {
  switch (key.kind) {
    case Kind::flag:
      return (entry.flags.system & key.flag) != 0;
    case Kind::keyword:
      return has_keyword(entry.flags, key.name);
    case Kind::larger:
      return entry.size > key.number;
    case Kind::smaller:
      return entry.size < key.number;
    case Kind::before:
      return internal_day(entry) < key.day;
    case Kind::on:
      return internal_day(entry) == key.day;
    default:
      return internal_day(entry) >= key.day;  // since
  }
}

/// An address as people write it; keys find "Fred", "fred@example" and "<fred" alike.
std::string address_text(const mime::Address& address) {
  std::string text;
  if (address.name) text = text::decode_header_text(*address.name) + " ";
  if (!address.mailbox) return text;
  text.append("<").append(text::decode_header_text(*address.mailbox));
  if (address.host && !address.host->empty()) text.append("@").append(*address.host);
  return text.append(">");
}

bool match_addresses(const SearchKey& key, const std::vector<mime::Address>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const mime::Address& address) { return key.text->found_in(address_text(address)); });
}

/// Keys that the envelope decides.
bool match_structure(const SearchKey& key, const mime::Message& message) {
  const mime::Envelope& envelope = message.envelope;
  switch (key.kind) {
    case Kind::from:
      return match_addresses(key, envelope.from);
    case Kind::to:
      return match_addresses(key, envelope.to);
    case Kind::cc:
      return match_addresses(key, envelope.cc);
    case Kind::bcc:
      return match_addresses(key, envelope.bcc);
    case Kind::subject:
      return envelope.subject && key.text->found_in(text::decode_header_text(*envelope.subject));
    default:
      break;
  }
  if (!message.sent) return false;
  const text::Day sent = text::local_day(*message.sent);
  if (key.kind == Kind::sent_before) return sent < key.day;
  return key.kind == Kind::sent_on ? sent == key.day : sent >= key.day;
}

/// Any field, or the one called `name`.
bool match_header(const SearchKey& key, const Bytes& header, std::string_view name) {
  mime::FieldReader fields(header);
  while (const auto field = fields.next()) {
    if (!name.empty() && !text::equal_ignoring_case(field->name, name)) continue;
    const BytesView searched = name.empty() ? field->line : field->value;
    if (key.text->found_in(text::decode_header_text(searched))) return true;
  }
  return false;
}

/// Keys that only the bytes decide.
bool match_text(const SearchKey& key, const SearchText& text) {
  if (key.kind == Kind::header)
    return !text.headers.empty() && match_header(key, text.headers.front(), key.name);
  const std::size_t skipped = key.kind == Kind::body ? 1 : 0;  // the message's own header is no body
  for (std::size_t i = skipped; i < text.headers.size(); ++i) {
    if (match_header(key, text.headers[i], {})) return true;
  }
  return std::any_of(text.texts.begin(), text.texts.end(),
                     [&](const std::string& part) { return key.text->found_in(part); });
}

}  // namespace

SearchMatcher::SearchMatcher(const SearchKey& key, const SelectedMailbox& mailbox)
    : key_(key), mailbox_(mailbox) {
  resolve(key_);
}

void SearchMatcher::resolve(const SearchKey& key) {
  if (key.kind == Kind::uid) sets_.emplace(&key, mailbox_.resolve_uids(key.set));
  if (key.kind == Kind::sequence) {
    auto uids = mailbox_.resolve_numbers(key.set);
    valid_ = valid_ && uids.has_value();
    sets_.emplace(&key, uids ? std::move(*uids) : UidSet());
  }
  for (const auto& child : key.children) resolve(child);
}

UidSet SearchMatcher::candidates() const {
  UidSet uids = mailbox_.announced();
  const auto narrow = [&](const SearchKey& key) {
    if (const auto set = sets_.find(&key); set != sets_.end()) uids = uids.intersect(set->second);
  };
  narrow(key_);
  if (key_.kind == Kind::all_of) std::for_each(key_.children.begin(), key_.children.end(), narrow);
  return uids;
}

Verdict SearchMatcher::match_all(const SearchKey& key, const SearchSubject& subject) const {
  Verdict all = Verdict::yes;
  for (const auto& child : key.children) {
    const Verdict one = match(child, subject);
    if (one == Verdict::no) return Verdict::no;
    if (one == Verdict::unknown) all = Verdict::unknown;
  }
  return all;
}

Verdict SearchMatcher::match_any(const SearchKey& key, const SearchSubject& subject) const {
  Verdict any = Verdict::no;
  for (const auto& child : key.children) {
    const Verdict one = match(child, subject);
    if (one == Verdict::yes) return Verdict::yes;
    if (one == Verdict::unknown) any = Verdict::unknown;
  }
  return any;
}

Verdict SearchMatcher::match(const SearchKey& key, const SearchSubject& subject) const {
  switch (key.kind) {
    case Kind::all_of:
      return match_all(key, subject);
    case Kind::any_of:
      return match_any(key, subject);
    case Kind::none_of: {
      const Verdict child = match(key.children.front(), subject);
      return child == Verdict::unknown ? child : verdict(child == Verdict::no);
    }
    case Kind::recent:
      return verdict(mailbox_.recent().contains(subject.uid));
    case Kind::sequence:
    case Kind::uid:
      return verdict(sets_.at(&key).contains(subject.uid));
    case Kind::flag:
    case Kind::keyword:
    case Kind::larger:
    case Kind::smaller:
    case Kind::before:
    case Kind::on:
    case Kind::since:
      return subject.entry == nullptr ? Verdict::unknown : verdict(match_entry(key, *subject.entry));
    case Kind::sent_before:
    case Kind::sent_on:
    case Kind::sent_since:
    case Kind::from:
    case Kind::to:
    case Kind::cc:
    case Kind::bcc:
    case Kind::subject:
      return subject.structure == nullptr ? Verdict::unknown
                                          : verdict(match_structure(key, subject.structure->message()));
    case Kind::header:
    case Kind::body:
    case Kind::whole:
      break;
  }
  return subject.text == nullptr ? Verdict::unknown : verdict(match_text(key, *subject.text));
}

}  // namespace gridmail::imap
