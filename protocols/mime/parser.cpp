#include "protocols/mime/parser.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "protocols/mime/entity_header.hpp"
#include "protocols/mime/header_line.hpp"
#include "protocols/mime/part_text.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::mime {
namespace {

/// Delimiters of the multiparts that are open, by boundary.
class Delimiters {
 public:
  struct Match {
    std::size_t depth = 0;  ///< of the multipart in the stack of open parts
    bool closing = false;
  };

  /// Of equal boundaries the outer one counts: RFC 2046, section 5.1.2 wants outer delimiters recognised
  /// within inner parts. False when the boundary is taken.
  bool add(const std::string& boundary, std::size_t depth) {
    return depths_.try_emplace(boundary, depth).second;
  }
  void remove(const std::string& boundary) { depths_.erase(boundary); }
  [[nodiscard]] bool empty() const { return depths_.empty(); }

  /// delimiter-line = "--" boundary ["--"] transport-padding (RFC 2046, section 5.1.1)
  [[nodiscard]] std::optional<Match> match(BytesView line) const {
    if (!line.starts_with("--") || depths_.empty()) return std::nullopt;
    auto boundary = text::trim(line.substr(2, line_length(line) - 2));
    // A blank in front belongs to no delimiter; trim took it away.
    if (boundary.empty() || boundary.data() != line.data() + 2) return std::nullopt;
    if (const auto found = depths_.find(boundary); found != depths_.end()) return Match{found->second, false};
    if (!boundary.ends_with("--")) return std::nullopt;
    boundary.remove_suffix(2);
    if (const auto found = depths_.find(boundary); found != depths_.end()) return Match{found->second, true};
    return std::nullopt;
  }

 private:
  std::map<std::string, std::size_t, std::less<>> depths_;
};

/// Walks the message once, line by line where a delimiter may come. `open_` is the path from the root to the
/// part at the current position.
class Parser {
 public:
  Parser(BytesView message, const Limits& limits)
      : message_(message), limits_(limits), budget_(limits.text_bytes_max) {}

  Structure run() {
    structure_.size = message_.size();
    begin_message(0);
    begin_entity(0, false);
    while (position_ < message_.size()) {
      const auto delimiter = skip_to_delimiter();
      if (delimiter) take_delimiter(*delimiter);
    }
    while (!open_.empty()) close_part(message_.size(), lines_);
    return std::move(structure_);
  }

 private:
  struct Open {
    PartIndex part;
    std::uint64_t body_line;  ///< line feeds in front of the body
    std::string boundary;     ///< of a multipart whose delimiters are looked for, else empty
  };

  [[nodiscard]] Part& part(const Open& open) { return structure_.parts[open.part]; }
  [[nodiscard]] BytesView rest() const { return message_.substr(position_); }
  [[nodiscard]] bool has_room() const { return structure_.parts.size() < limits_.parts_max; }

  // --- beginnings ---

  /// The message's root is the next part to begin.
  MessageIndex begin_message(PartIndex root) {
    structure_.messages.emplace_back().root = root;
    return static_cast<MessageIndex>(structure_.messages.size() - 1);
  }

  /// Begins a part at the current position and goes on into embedded messages at once.
  void begin_entity(PartIndex parent, bool in_digest) {
    PartIndex index = read_entity(parent, in_digest);
    while (structure_.parts[index].kind == Kind::message) {
      structure_.parts[index].message = begin_message(index + 1);
      index = read_entity(index, false);
    }
  }

  /// Adds the part whose header is next, and leaves the position at its body.
  PartIndex read_entity(PartIndex parent, bool in_digest) {
    const auto index = static_cast<PartIndex>(structure_.parts.size());
    auto& entity = structure_.parts.emplace_back();
    entity.parent = parent;
    if (index != 0) structure_.parts[parent].children.push_back(index);
    if (in_digest) {  // RFC 2046, section 5.1.5
      entity.type = "message";
      entity.subtype = "rfc822";
    }
    entity.header_start = position_;
    skip_header();
    entity.header_length = position_ - entity.header_start;
    auto& message = structure_.messages.back();
    read_entity_header(message_.substr(entity.header_start, entity.header_length), limits_, budget_, entity,
                       message.root == index ? &message : nullptr);
    open_.push_back({index, lines_, {}});
    decide_kind(entity);
    return index;
  }

  /// By type, and by what the limits allow.
  void decide_kind(Part& entity) {
    const bool multipart = entity.type == "multipart";
    const bool message =
        entity.type == "message" && (entity.subtype == "rfc822" || entity.subtype == "global");
    if (!multipart && !message) return;
    if (open_.size() > limits_.depth_max || !has_room()) return make_opaque(entity);
    entity.kind = multipart ? Kind::multipart : Kind::message;
    if (!multipart) return;
    const auto* const boundary = find_parameter(entity.parameters, "boundary");
    if (!boundary || boundary->value.empty()) return;
    const std::string value(text::trim(boundary->value));
    if (!value.empty() && delimiters_.add(value, open_.size() - 1)) open_.back().boundary = value;
  }

  static void make_opaque(Part& entity) {
    entity.kind = Kind::leaf;
    entity.type = "application";
    entity.subtype = "octet-stream";
    entity.parameters.clear();
  }

  // --- lines ---

  void skip_line() {
    const auto length = line_length(rest());
    if (length > 0 && rest()[length - 1] == '\n') ++lines_;
    position_ += length;
  }

  /// Up to and with the empty line, or up to a line that is not of a header.
  void skip_header() {
    while (position_ < message_.size()) {
      const auto line = rest();
      if (delimiters_.match(line)) return;
      const auto kind = classify_header_line(line);
      if (kind == HeaderLine::foreign) return;
      skip_line();
      if (kind == HeaderLine::empty) return;
    }
  }

  /// Leaves the position at the delimiter line, or at the end of the message.
  std::optional<Delimiters::Match> skip_to_delimiter() {
    const char* at = message_.data() + position_;
    const char* const end = message_.data() + message_.size();
    while (at < end) {
      if (*at == '-') {
        position_ = static_cast<std::uint64_t>(at - message_.data());
        if (const auto delimiter = delimiters_.match(rest())) return delimiter;
      }
      const auto* const feed =
          static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (!feed) break;
      ++lines_;
      at = feed + 1;
    }
    position_ = message_.size();
    return std::nullopt;
  }

  // --- delimiters and ends ---

  void take_delimiter(const Delimiters::Match& delimiter) {
    // "The CRLF preceding the boundary delimiter line is conceptually attached to the boundary" (RFC
    // 2046, 5.1.1).
    std::uint64_t end = position_;
    std::uint64_t lines = lines_;
    if (end > 0 && message_[end - 1] == '\n') {
      --end;
      --lines;
      if (end > 0 && message_[end - 1] == '\r') --end;
    }
    while (open_.size() > delimiter.depth + 1) close_part(end, lines);
    skip_line();
    auto& multipart = open_.back();
    if (delimiter.closing) {
      stop_looking(multipart);
    } else if (has_room() && !is_next_delimiter(delimiter.depth)) {
      begin_entity(multipart.part, part(multipart).subtype == "digest");
    }
  }

  /// Two delimiter lines without a line between them enclose nothing, not even an empty part.
  [[nodiscard]] bool is_next_delimiter(std::size_t depth) const {
    const auto next = delimiters_.match(rest());
    return next && next->depth == depth && !next->closing;
  }

  void stop_looking(Open& multipart) {
    delimiters_.remove(multipart.boundary);
    multipart.boundary.clear();
  }

  /// Ends the innermost open part. `end` may lie before what a part has already: then it ends where that
  /// does.
  void close_part(std::uint64_t end, std::uint64_t lines) {
    auto open = std::move(open_.back());
    open_.pop_back();
    if (!open.boundary.empty()) delimiters_.remove(open.boundary);
    auto& closed = part(open);
    std::uint64_t least = closed.body_start();
    if (!closed.children.empty())
      least = std::max(least, structure_.parts[closed.children.back()].body().end());
    if (end < least) {
      end = least;
      ++lines;  // the line end that would have been the delimiter's
    }
    closed.body_length = end - closed.body_start();
    closed.body_lines = closed.body_length > 0 ? lines - open.body_line : 0;
    if (closed.kind == Kind::multipart && closed.children.empty()) add_only_child(open.part);
  }

  /// No delimiter was found: the body is one text, so that it can be read.
  void add_only_child(PartIndex multipart) {
    if (!has_room()) return make_opaque(structure_.parts[multipart]);
    const auto index = static_cast<PartIndex>(structure_.parts.size());
    auto& child = structure_.parts.emplace_back();
    auto& parent = structure_.parts[multipart];
    parent.children.push_back(index);
    child.parent = multipart;
    child.header_start = parent.body_start();
    child.body_length = parent.body_length;
    child.body_lines = parent.body_lines;
    child.encoding = budget_.keep(parent.encoding).value_or("");
  }

  BytesView message_;
  const Limits& limits_;
  TextBudget budget_;
  Structure structure_;
  Delimiters delimiters_;
  std::vector<Open> open_;
  std::uint64_t position_ = 0;
  std::uint64_t lines_ = 0;  ///< line feeds in front of the position
};

}  // namespace

Structure parse(BytesView message, const Limits& limits) {
  return Parser(message, limits).run();
}

}  // namespace gridmail::mime
