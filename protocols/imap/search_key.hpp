// search-key of RFC 3501, section 6.4.4, as a tree. The parser brings the keys down to few kinds: UNSEEN is
// NOT SEEN, NEW is RECENT and NOT SEEN, a SUBJECT is a text in one field.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/imap/sequence_set.hpp"
#include "protocols/text/date.hpp"
#include "protocols/text/search_key.hpp"

namespace gridmail::imap {

struct SearchKey {
  enum class Kind : std::uint8_t {
    all_of,   ///< every one of `children`; none: every message
    any_of,   ///< at least one of `children`
    none_of,  ///< NOT of the single child
    flag,     ///< the system flag `flag`
    keyword,  ///< `name`
    recent,
    sequence,  ///< `set` as message sequence numbers
    uid,       ///< `set` as UIDs
    larger,    ///< than `number` octets
    smaller,
    before,  ///< internal date, by `day`
    on,
    since,
    sent_before,  ///< Date: header, by `day`
    sent_on,
    sent_since,
    from,  ///< envelope fields, by `text`
    to,
    cc,
    bcc,
    subject,
    header,  ///< the field `name` exists and holds `text`
    body,
    whole,  ///< TEXT: header or body
  };
  Kind kind = Kind::all_of;
  std::uint8_t flag = 0;
  std::uint64_t number = 0;
  text::Day day = 0;
  std::string name;
  SequenceSet set;
  std::optional<text::SearchKey> text;
  std::vector<SearchKey> children;
};

}  // namespace gridmail::imap
