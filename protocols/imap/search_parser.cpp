#include "protocols/imap/search_parser.hpp"

#include <utility>

#include "protocols/text/ascii.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::imap {
namespace {

using Kind = SearchKey::Kind;

/// Parses keys under one charset; nesting is limited, since the parser and the matcher recurse.
class SearchParser {
 public:
  SearchParser(TokenParser& tokens, std::string charset) : tokens_(tokens), charset_(std::move(charset)) {}

  // search-key *(SP search-key)
  SearchKey keys() {
    SearchKey all;
    do {
      all.children.push_back(key());
    } while (!tokens_.failed() && tokens_.accept(' '));
    return all.children.size() == 1 ? SearchKey(std::move(all.children.front())) : all;
  }

 private:
  SearchKey key();
  SearchKey named_key(const std::string& name);
  std::optional<SearchKey> flag_key(const std::string& name);
  std::optional<SearchKey> date_key(const std::string& name);
  std::optional<SearchKey> text_key(const std::string& name);

  static SearchKey negated(SearchKey key) {
    SearchKey none;
    none.kind = Kind::none_of;
    none.children.push_back(std::move(key));
    return none;
  }
  static SearchKey of_kind(Kind kind) {
    SearchKey key;
    key.kind = kind;
    return key;
  }
  text::SearchKey astring_text() { return text::SearchKey(text::to_utf8(tokens_.astring(), charset_)); }

  TokenParser& tokens_;
  std::string charset_;
  int depth_ = 0;
};

struct FlagName {
  std::string_view name;
  std::uint8_t flag;
};
constexpr FlagName flag_names[] = {{"ANSWERED", ports::Flag::answered},
                                   {"DELETED", ports::Flag::deleted},
                                   {"DRAFT", ports::Flag::draft},
                                   {"FLAGGED", ports::Flag::flagged},
                                   {"SEEN", ports::Flag::seen}};

// "ANSWERED" / "DELETED" / "DRAFT" / "FLAGGED" / "SEEN", each also with "UN"; "RECENT" / "OLD" / "NEW";
// "KEYWORD" SP flag-keyword / "UNKEYWORD" SP flag-keyword
std::optional<SearchKey> SearchParser::flag_key(const std::string& name) {
  const bool negative = name.starts_with("UN");
  const std::string_view positive = std::string_view(name).substr(negative ? 2 : 0);
  for (const auto& known : flag_names) {
    if (known.name != positive) continue;
    SearchKey key = of_kind(Kind::flag);
    key.flag = known.flag;
    return negative ? negated(std::move(key)) : std::move(key);
  }
  if (positive == "KEYWORD") {
    SearchKey key = of_kind(Kind::keyword);
    tokens_.space();
    key.name = tokens_.atom();
    return negative ? negated(std::move(key)) : std::move(key);
  }
  if (name == "RECENT") return of_kind(Kind::recent);
  if (name == "OLD") return negated(of_kind(Kind::recent));
  if (name == "NEW") {
    SearchKey both, seen = of_kind(Kind::flag);
    seen.flag = ports::Flag::seen;
    both.children.push_back(of_kind(Kind::recent));
    both.children.push_back(negated(std::move(seen)));
    return both;
  }
  return std::nullopt;
}

// "BEFORE" SP date / "ON" SP date / "SINCE" SP date / "SENTBEFORE" … / "LARGER" SP number / "SMALLER" SP
// number
std::optional<SearchKey> SearchParser::date_key(const std::string& name) {
  static constexpr std::pair<std::string_view, Kind> by_day[] = {
      {"BEFORE", Kind::before},          {"ON", Kind::on},          {"SINCE", Kind::since},
      {"SENTBEFORE", Kind::sent_before}, {"SENTON", Kind::sent_on}, {"SENTSINCE", Kind::sent_since}};
  for (const auto& [known, kind] : by_day) {
    if (known != name) continue;
    SearchKey key = of_kind(kind);
    tokens_.space();
    key.day = tokens_.date();
    return key;
  }
  if (name != "LARGER" && name != "SMALLER") return std::nullopt;
  SearchKey key = of_kind(name == "LARGER" ? Kind::larger : Kind::smaller);
  tokens_.space();
  key.number = tokens_.number64();
  return key;
}

// "BCC" SP astring / "BODY" SP astring / "CC" … / "FROM" … / "SUBJECT" … / "TEXT" … / "TO" … /
// "HEADER" SP header-fld-name SP astring
std::optional<SearchKey> SearchParser::text_key(const std::string& name) {
  static constexpr std::pair<std::string_view, Kind> by_text[] = {
      {"BCC", Kind::bcc}, {"BODY", Kind::body},       {"CC", Kind::cc},      {"FROM", Kind::from},
      {"TO", Kind::to},   {"SUBJECT", Kind::subject}, {"TEXT", Kind::whole}, {"HEADER", Kind::header}};
  for (const auto& [known, kind] : by_text) {
    if (known != name) continue;
    SearchKey key = of_kind(kind);
    tokens_.space();
    if (kind == Kind::header) {
      key.name = tokens_.astring();
      tokens_.space();
    }
    key.text = astring_text();
    return key;
  }
  return std::nullopt;
}

SearchKey SearchParser::named_key(const std::string& name) {
  if (name == "ALL") return {};
  if (name == "NOT") {
    tokens_.space();
    return negated(key());
  }
  if (name == "OR") {
    SearchKey either = of_kind(Kind::any_of);
    tokens_.space();
    either.children.push_back(key());
    tokens_.space();
    either.children.push_back(key());
    return either;
  }
  if (name == "UID") {
    SearchKey uids = of_kind(Kind::uid);
    tokens_.space();
    uids.set = tokens_.sequence_set();
    return uids;
  }
  if (auto key = flag_key(name)) return std::move(*key);
  if (auto key = date_key(name)) return std::move(*key);
  if (auto key = text_key(name)) return std::move(*key);
  tokens_.fail("Unknown search key");
  return {};
}

// search-key      = "ALL" / … / "NOT" SP search-key / "OR" SP search-key SP search-key / sequence-set /
//                   "(" search-key *(SP search-key) ")"
SearchKey SearchParser::key() {
  constexpr int depth_max = 100;
  if (++depth_ > depth_max) tokens_.fail("Search keys nested too deep");
  SearchKey parsed;
  if (tokens_.failed()) {
    // nothing: the recursion ends here
  } else if (tokens_.accept('(')) {
    parsed = keys();
    tokens_.expect(')');
  } else if (text::is_digit(tokens_.peek()) || tokens_.peek() == '*') {
    parsed.kind = Kind::sequence;
    parsed.set = tokens_.sequence_set();
  } else {
    parsed = named_key(tokens_.word());
  }
  --depth_;
  return parsed;
}

}  // namespace

// search          = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)
Search parse_search(TokenParser& tokens) {
  Search search;
  std::string charset = "UTF-8";
  if (tokens.accept_word("CHARSET ")) {
    charset = tokens.astring();
    tokens.space();
    search.unknown_charset = !text::is_known_charset(charset);
  }
  search.key = SearchParser(tokens, std::move(charset)).keys();
  return search;
}

}  // namespace gridmail::imap
