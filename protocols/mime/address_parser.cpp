// address-list = (address *("," address)) / obs-addr-list            (RFC 5322, sections 3.4 and 4.4)
// address      = mailbox / group
// mailbox      = [display-name] "<" [obs-route] addr-spec ">" / addr-spec
// group        = display-name ":" [group-list] ";"
//
// Words are collected until a character says what they were: "<" a display name, "@" a local part, ":" a
// group's name.
#include <algorithm>
#include <utility>

#include "protocols/mime/address.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

struct Word {
  std::string text;          ///< quotes undone
  bool after_blank = false;  ///< blanks or comments stand before it
};

bool is_special(char c) {
  return std::string_view("<>@,;:()\"[]").find(c) != std::string_view::npos;
}

class AddressReader {
 public:
  AddressReader(std::string_view line, std::size_t addresses_max)
      : rest_(line), addresses_max_(addresses_max) {}

  std::vector<Address> read() && {
    while (found_.size() < addresses_max_) {
      read_words();
      if (rest_.empty()) break;
      const char c = rest_.front();
      rest_.remove_prefix(1);
      take_special(c);
    }
    finish_address();
    end_group();
    return std::move(found_);
  }

 private:
  // --- characters to words ---

  /// Collects words up to a special that means something.
  void read_words() {
    bool blank = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (text::is_blank(c)) {
        rest_.remove_prefix(1);
        blank = true;
      } else if (c == '(') {
        comment_ = take_comment();
        blank = true;
      } else if (c == '"') {
        words_.push_back({take_quoted(), blank});
        blank = false;
      } else if (c == '[') {
        words_.push_back({take_literal(), blank});
        blank = false;
      } else if (is_special(c) && c != ')' && c != ']') {
        return;
      } else {
        words_.push_back({take_atom(), blank});
        blank = false;
      }
    }
  }

  std::string take_atom() {
    std::size_t length = 1;
    while (length < rest_.size() && !text::is_blank(rest_[length]) && !is_special(rest_[length])) ++length;
    return take_octets(length);
  }

  std::string take_octets(std::size_t length) {
    std::string taken(rest_.substr(0, length));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string take_quoted() {
    std::string value;
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != '"'; ++at) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
      value.push_back(rest_[at]);
    }
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    return value;
  }

  /// domain-literal; one that is not closed goes to the end.
  std::string take_literal() {
    const auto end = rest_.find(']');
    return take_octets(end == std::string_view::npos ? rest_.size() : end + 1);
  }

  /// The comment's text: section 3.4's note says that older mailers put the name there.
  std::string take_comment() {
    std::string value;
    std::size_t depth = 0;
    std::size_t at = 0;
    for (; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (c == '(' && depth++ == 0) continue;
      if (c == ')' && --depth == 0) break;
      if (c == '\\' && at + 1 < rest_.size()) ++at;
      value.push_back(rest_[at]);
    }
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    return std::string(text::trim(value));
  }

  // --- words to addresses ---

  void take_special(char c) {
    switch (c) {
      case ',':
        return finish_address();
      case '@':
        return take_domain();
      case '<':
        return begin_angle();
      case '>':
        return finish_address();
      case ':':
        return take_colon();
      default:  // ';'
        finish_address();
        return end_group();
    }
  }

  void begin_angle() {
    if (in_angle_) return;
    if (!words_.empty()) current_.name = join_phrase(words_.size());
    words_.clear();
    in_angle_ = true;
  }

  /// The words before "@" end with the local part; in front of it, without brackets, stands a name. The
  /// domain follows.
  void take_domain() {
    if (in_angle_ && words_.empty() && !current_.mailbox) {
      read_words();  // obs-route = "@" domain *("," "@" domain) ":"
      route_ += (route_.empty() ? "@" : ",@") + join_tight(0);
      words_.clear();
      return;
    }
    const bool host_goes_on = current_.host.has_value();  // "a@b@c"
    if (!host_goes_on) {
      const auto start = connected_from_end();
      current_.mailbox = join_tight(start);
      if (start > 0 && !in_angle_) current_.name = join_phrase(start);
      current_.host.emplace();
    }
    words_.clear();
    read_words();
    words_.resize(connected_from_start());
    if (host_goes_on) current_.host->push_back('@');
    *current_.host += join_tight(0);
    words_.clear();
  }

  void take_colon() {
    if (in_angle_) {  // ends a route
      words_.clear();
      return;
    }
    if (words_.empty() || current_.host) return;
    end_group();
    Address group;
    group.mailbox = join_phrase(words_.size());
    found_.push_back(std::move(group));
    in_group_ = true;
    reset();
  }

  void finish_address() {
    // A comma within a route: "<@a,@b:joe@c>".
    if (in_angle_ && !route_.empty() && !current_.mailbox && words_.empty() &&
        text::trim(rest_).starts_with('@'))
      return;
    if (!current_.host && !words_.empty()) {
      current_.mailbox = in_angle_ ? join_tight(0) : join_phrase(words_.size());
      current_.host = "";
    } else if (!current_.host && in_angle_ && current_.name) {
      current_.mailbox = current_.host = "";  // "Joe <>"
    }
    if (current_.host) {
      if (!route_.empty()) current_.adl = std::move(route_);
      if (!current_.name && !comment_.empty()) current_.name = std::move(comment_);
      found_.push_back(std::move(current_));
    }
    reset();
  }

  void end_group() {
    if (!in_group_) return;
    found_.emplace_back();
    in_group_ = false;
  }

  void reset() {
    current_ = {};
    words_.clear();
    comment_.clear();
    route_.clear();
    in_angle_ = false;
  }

  // --- joining ---

  /// Whether word `i` and the one before it are one dot-atom or local part; blanks around dots are
  /// obs-local-part.
  [[nodiscard]] bool connected(std::size_t i) const {
    return !words_[i].after_blank || words_[i].text.starts_with('.') || words_[i - 1].text.ends_with('.');
  }
  [[nodiscard]] std::size_t connected_from_end() const {
    auto start = words_.empty() ? 0 : words_.size() - 1;
    while (start > 0 && connected(start)) --start;
    return start;
  }
  [[nodiscard]] std::size_t connected_from_start() const {
    auto end = std::min<std::size_t>(1, words_.size());
    while (end < words_.size() && connected(end)) ++end;
    return end;
  }
  [[nodiscard]] std::string join_tight(std::size_t start) const {
    std::string joined;
    for (auto i = start; i < words_.size(); ++i) joined += words_[i].text;
    return joined;
  }
  [[nodiscard]] std::string join_phrase(std::size_t count) const {
    std::string joined;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && words_[i].after_blank) joined.push_back(' ');
      joined += words_[i].text;
    }
    return joined;
  }

  std::string_view rest_;
  std::size_t addresses_max_;
  std::vector<Address> found_;

  // What is known of the address being read.
  Address current_;
  std::vector<Word> words_;
  std::string comment_, route_;
  bool in_angle_ = false;
  bool in_group_ = false;
};

}  // namespace

std::vector<Address> parse_addresses(BytesView value, std::size_t addresses_max) {
  const auto line = unfold(value);
  return AddressReader(line, addresses_max).read();
}

}  // namespace gridmail::mime
