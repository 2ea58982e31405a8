// The MIME parser, its codec and what reads headers: any bytes parse to a structure that keeps its
// invariants, comes back from its record unchanged, and whose sections lie in the message.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/base/result.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/part_text.hpp"
#include "protocols/mime/reencoding.hpp"
#include "protocols/mime/section.hpp"
#include "protocols/mime/structure_check.hpp"
#include "protocols/mime/structure_codec.hpp"
#include "protocols/text/encoded_word.hpp"
#include "protocols/text/modified_utf7.hpp"
#include "protocols/text/normalization.hpp"
#include "protocols/text/search_key.hpp"
#include "protocols/text/transfer_encoding.hpp"

namespace {

using namespace gridmail;

void check_parts(const mime::Structure& structure, BytesView message) {
  for (const auto& part : structure.parts) {
    const auto body = message.substr(part.body_start(), part.body_length);
    GRIDMAIL_ASSERT(body.size() == part.body_length);
    GRIDMAIL_ASSERT(part.body_lines ==
                    static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n')));
    static_cast<void>(mime::decoded_text(part, body));
    for (const auto& parameter : part.parameters) {
      static_cast<void>(mime::wire_value(parameter));
      static_cast<void>(mime::utf8_value(parameter));
    }
  }
}

void check_sections(const mime::Structure& structure, BytesView data) {
  std::vector<std::uint32_t> numbers;
  for (const char c : data.substr(0, 6)) numbers.push_back(static_cast<unsigned char>(c) % 4);
  for (const auto text : {mime::SectionText::whole, mime::SectionText::header, mime::SectionText::text,
                          mime::SectionText::mime}) {
    const auto range = mime::find_section(structure, numbers, text);
    GRIDMAIL_ASSERT(!range || range->end() <= structure.size);
  }
}

void check_encodings(BytesView data) {
  GRIDMAIL_ASSERT(text::decode_base64(text::encode_base64_lines(data)) == data);
  const auto quoted = text::encode_quoted_printable(data);
  GRIDMAIL_ASSERT(text::decode_quoted_printable(quoted) == data);
  for (const auto carrier : {mime::Carrier::lines, mime::Carrier::seven_bit}) {
    const auto made = mime::reencode(data, carrier);
    GRIDMAIL_ASSERT(!made || mime::fits(*made, carrier));
  }
  static_cast<void>(mime::has_wide_header(data));
}

void check_text(BytesView data) {
  auto header = text::decode_header_text(data);
  std::erase(header, '\0');
  GRIDMAIL_ASSERT(text::to_nfc(header));
  GRIDMAIL_ASSERT(text::SearchKey(header).found_in(header));
  GRIDMAIL_ASSERT(text::from_modified_utf7(text::to_modified_utf7(header)));
  if (const auto name = text::from_modified_utf7(data))
    GRIDMAIL_ASSERT(text::to_modified_utf7(*name) == data);
  if (const auto address = text::canonical_address(data)) {
    GRIDMAIL_ASSERT(text::canonical_address(*address) == *address);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const BytesView data(reinterpret_cast<const char*>(bytes), size);
  const auto structure = mime::parse(data);
  GRIDMAIL_ASSERT(mime::broken_invariant(structure).empty());
  const auto decoded = mime::decode(mime::encode(structure));
  GRIDMAIL_ASSERT(decoded && *decoded == structure);
  check_parts(structure, data);
  check_sections(structure, data);
  check_text(data);
  check_encodings(data);

  // A tight corner: everything over a limit still gives a sound structure.
  const auto cramped =
      mime::parse(data, {.depth_max = 2, .parts_max = 3, .text_bytes_max = 64, .field_bytes_max = 32});
  GRIDMAIL_ASSERT(mime::broken_invariant(cramped).empty());
  static_cast<void>(mime::decode(data));
  static_cast<void>(mime::select_fields(data, {}, mime::Select::not_listed));
  return 0;
}
