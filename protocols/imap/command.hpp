// The commands of RFC 3501, section 6 (and of the extensions offered) as values: what the parser makes and
// the handlers in commands/ take. Names of mailboxes are as on the wire here, in modified UTF-7.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/base/ids.hpp"
#include "protocols/imap/search_key.hpp"
#include "protocols/imap/sequence_set.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/mime/section.hpp"
#include "protocols/ports/mailboxes.hpp"

namespace gridmail::imap {

struct NoArguments {};

/// AUTHENTICATE; `initial` by SASL-IR (RFC 4959), still in base64, "=" standing for an empty one.
struct Authenticate {
  std::string mechanism;
  std::optional<std::string> initial;
};

struct Login {
  std::string user;
  std::string password;
};

/// SELECT, EXAMINE, DELETE, SUBSCRIBE, UNSUBSCRIBE.
struct MailboxArgument {
  std::string mailbox;
};

struct Create {
  std::string mailbox;
  ports::SpecialUse use = ports::SpecialUse::none;  ///< RFC 6154, section 3
  bool use_impossible = false;                      ///< an unknown one, or several: NO [USEATTR]
};

struct Rename {
  std::string from;
  std::string to;
};

/// LIST and LSUB.
struct List {
  std::string reference;
  std::string pattern;
};

enum class StatusItem : std::uint8_t { messages, recent, uid_next, uid_validity, unseen, append_limit };

struct Status {
  std::string mailbox;
  std::vector<StatusItem> items;
};

/// Everything in front of the message's literal. A date the client left out is the time of the command.
struct Append {
  std::string tag;
  std::string mailbox;
  ports::Flags flags;
  std::optional<text::DateTime> date;
};

struct Search {
  bool unknown_charset = false;  ///< answered with NO [BADCHARSET]
  SearchKey key;
};

/// BODY[section]<partial> (RFC 3501, section 6.4.5), and the RFC822 items, which are sections by older names.
struct Section {
  std::string label;  ///< as the response names it: "BODY[1.HEADER.FIELDS (From To)]<0>"
  std::vector<std::uint32_t> numbers;
  mime::SectionText text = mime::SectionText::whole;
  std::optional<mime::Select> select;
  std::vector<std::string> fields;
  bool sets_seen = false;
  struct Partial {
    std::uint64_t offset;
    std::uint64_t length;
  };
  std::optional<Partial> partial;
};

struct Fetch {
  SequenceSet set;
  bool uid_item = false;
  bool flags = false;
  bool internal_date = false;
  bool size = false;
  bool envelope = false;
  bool body = false;  ///< BODY without section: the structure without extension data
  bool body_structure = false;
  std::vector<Section> sections;
};

struct Store {
  SequenceSet set;
  ports::FlagChange change = ports::FlagChange::replace;
  bool silent = false;
  ports::Flags flags;
};

/// COPY and MOVE.
struct Copy {
  SequenceSet set;
  std::string mailbox;
};

/// EXPUNGE; the set belongs to UID EXPUNGE (RFC 4315).
struct Expunge {
  std::optional<SequenceSet> set;
};

/// RFC 5161; in upper case.
struct Enable {
  std::vector<std::string> capabilities;
};

using Arguments = std::variant<NoArguments, Authenticate, Login, MailboxArgument, Create, Rename, List,
                               Status, Search, Fetch, Store, Copy, Expunge, Enable>;

struct Command {
  std::string tag;
  std::string_view name;  ///< in upper case, without "UID "; lives as long as the program
  bool uid = false;       ///< came as UID name: numbers are UIDs, here and in the answers
  Arguments arguments;
};

}  // namespace gridmail::imap
