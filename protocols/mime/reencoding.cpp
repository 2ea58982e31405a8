#include "protocols/mime/reencoding.hpp"

#include <algorithm>

#include "protocols/mime/header.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/transfer_encoding.hpp"

namespace gridmail::mime {
namespace {

constexpr std::size_t line_bytes_max = 998;  // RFC 5322, section 2.1.1

/// CRLF-ended lines without NUL; the last one may lack its end.
bool are_lines(BytesView text, std::size_t bytes_max = line_bytes_max) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto feed = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, feed - at);
    if (feed < text.size()) {
      if (line.empty() || line.back() != '\r') return false;
      line.remove_suffix(1);
    }
    if (line.size() > bytes_max || line.find('\r') != BytesView::npos || line.find('\0') != BytesView::npos)
      return false;
    at = feed + 1;
  }
  return true;
}

/// Builds the new message; one part after the other, in their order.
class Writer {
 public:
  Writer(BytesView message, const Structure& structure, Carrier carrier)
      : message_(message), structure_(structure), carrier_(carrier) {
    out_.reserve(message.size() + message.size() / 2);
  }

  bool write(PartIndex index) {
    const auto& part = structure_.parts[index];
    const auto body = bytes(part.body());
    const bool is_binary = part.encoding == "binary";
    if (!is_binary && fits(body, carrier_)) {
      out_.append(bytes(part.header())).append(body);
      return true;
    }
    if (part.kind == Kind::leaf) {
      if (!may_be_encoded(part)) return false;
      write_leaf(part, body);
      return true;
    }
    if (part.subtype == "signed" || part.subtype == "encrypted") return false;
    write_header(part, carrier_ == Carrier::lines ? "8bit" : "7bit");
    auto at = part.body_start();
    for (const auto child : part.children) {
      out_.append(bytes({at, structure_.parts[child].header_start - at}));
      if (!write(child)) return false;
      at = structure_.parts[child].body().end();
    }
    out_.append(bytes({at, part.body().end() - at}));
    return true;
  }

  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  [[nodiscard]] BytesView bytes(ByteRange range) const {
    return message_.substr(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
  }

  [[nodiscard]] bool may_be_encoded(const Part& part) const {
    // RFC 2046, section 5.2: message/partial, external-body and the like have no encoding but 7bit; RFC 6532
    // and RFC 6533 let it be for message/global and what belongs to it.
    if (part.type == "message" && !part.subtype.starts_with("global")) return false;
    // What a multipart without delimiter holds is no part: it has no header to say how it is encoded.
    return part.header_length > 0 || &part == &structure_.root() ||
           structure_.parts[part.parent].kind == Kind::message;
  }

  void write_leaf(const Part& part, BytesView body) {
    if (fits(body, carrier_)) {  // binary in name only
      write_header(part, carrier_ == Carrier::lines ? "8bit" : "7bit");
      out_.append(body);
      return;
    }
    const auto content = text::decode_transfer(body, part.encoding);
    const bool is_text = part.type == "text" && are_lines(content, SIZE_MAX);
    write_header(part, is_text ? "quoted-printable" : "base64");
    out_ += is_text ? text::encode_quoted_printable(content) : text::encode_base64_lines(content);
    // Between parts the delimiter brings its own line end.
    if (!is_text && part.body().end() == message_.size()) out_ += "\r\n";
  }

  void write_header(const Part& part, std::string_view encoding) {
    FieldReader reader(bytes(part.header()));
    bool has_version = false;
    while (const auto field = reader.next()) {
      if (text::equal_ignoring_case(field->name, "Content-Transfer-Encoding")) continue;
      has_version = has_version || text::equal_ignoring_case(field->name, "MIME-Version");
      out_.append(field->line);
    }
    // RFC 2045, section 4: without it, a message's encoding would say nothing.
    const bool is_message =
        &part == &structure_.root() || structure_.parts[part.parent].kind == Kind::message;
    if (is_message && !has_version) out_ += "MIME-Version: 1.0\r\n";
    out_.append("Content-Transfer-Encoding: ").append(encoding).append("\r\n\r\n");
  }

  BytesView message_;
  const Structure& structure_;
  Carrier carrier_;
  Bytes out_;
};

}  // namespace

bool fits(BytesView message, Carrier carrier) {
  return (carrier == Carrier::lines || text::is_ascii(message)) && are_lines(message);
}

std::optional<Bytes> reencode(BytesView message, Carrier carrier) {
  const auto structure = parse(message);
  Writer writer(message, structure, carrier);
  if (!writer.write(0)) return std::nullopt;
  auto written = writer.take();
  if (!fits(written, carrier)) return std::nullopt;
  return written;
}

bool has_wide_header(BytesView message) {
  if (text::is_ascii(message)) return false;
  const auto structure = parse(message);
  return std::any_of(structure.parts.begin(), structure.parts.end(), [&](const Part& part) {
    return !text::is_ascii(message.substr(part.header_start, part.header_length));
  });
}

}  // namespace gridmail::mime
