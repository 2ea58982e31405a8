// The IMAP command parser and the state behind it: no input may crash, hang or break an invariant.
//
// The input is cut into pieces as a network would; every literal is taken, skipped or refused as a session
// does; each command that parses is also resolved against a mailbox.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "protocols/imap/command_parser.hpp"
#include "protocols/imap/crlf_converter.hpp"
#include "protocols/imap/fetch_response.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/imap/search_matcher.hpp"
#include "protocols/imap/selected_mailbox.hpp"

namespace gridmail::imap {
namespace {

constexpr std::size_t command_bytes_max = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

SelectedMailbox make_mailbox() {
  ports::OpenedMailbox opened;
  opened.status.uid_next = 4'294'967'295;
  opened.status.highest_modseq = 7;
  opened.uids.add(1, 5);
  opened.uids.add(10);
  opened.uids.add(1000, 2000);
  opened.uids.add(4'294'967'290, 4'294'967'294);
  return {opened, false};
}

void resolve(const SelectedMailbox& mailbox, const SequenceSet& set) {
  const UidSet uids = mailbox.resolve_uids(set);
  require(uids.intersect(mailbox.announced()) == uids);
  if (const auto numbers = mailbox.resolve_numbers(set)) {
    require(numbers->intersect(mailbox.announced()) == *numbers && !numbers->empty());
  }
}

void run_names(const MailboxArgument& argument) {
  static_cast<void>(decode_mailbox(argument.mailbox));
  static_cast<void>(decode_new_mailbox(argument.mailbox));
}

void run_command(const SelectedMailbox& mailbox, const Command& command) {
  if (const auto* fetch = std::get_if<Fetch>(&command.arguments)) {
    resolve(mailbox, fetch->set);
    static_cast<void>(needs_of(*fetch));
  } else if (const auto* stored = std::get_if<Store>(&command.arguments)) {
    resolve(mailbox, stored->set);
  } else if (const auto* copied = std::get_if<Copy>(&command.arguments)) {
    resolve(mailbox, copied->set);
    run_names({copied->mailbox});
  } else if (const auto* search = std::get_if<Search>(&command.arguments)) {
    const SearchMatcher matcher(search->key, mailbox);
    ports::Entry entry;
    entry.uid = 10;
    static_cast<void>(matcher.match({10, nullptr, nullptr, nullptr}));
    static_cast<void>(matcher.match({10, &entry, nullptr, nullptr}));
    require(matcher.candidates().intersect(mailbox.announced()) == matcher.candidates());
  } else if (const auto* named = std::get_if<MailboxArgument>(&command.arguments)) {
    run_names(*named);
  } else if (const auto* list = std::get_if<List>(&command.arguments)) {
    const auto pattern = MailboxPattern::parse(list->reference, list->pattern);
    if (pattern) static_cast<void>(pattern->matches("INBOX/a name/of some/levels"));
  }
}

void on_literal(FrameParser& frame) {
  static_cast<void>(parse_append(frame.raw()));
  static_cast<void>(parse_tag(frame.raw()));
  if (frame.literal_fits()) {
    frame.take_literal();
  } else if (frame.announced().synchronizing) {
    frame.refuse_literal();
  } else {
    frame.discard_literal();
  }
}

void run_input(const std::uint8_t* data, std::size_t size) {
  const std::size_t piece = data[0] + 1u;
  BytesView rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const SelectedMailbox mailbox = make_mailbox();
  FrameParser frame(command_bytes_max);
  CrlfConverter converter;
  while (!rest.empty()) {
    BytesView in = rest.substr(0, piece);
    rest.remove_prefix(in.size());
    Bytes lines;
    converter.convert(in, lines);
    while (!in.empty()) {
      const auto event = frame.feed(in);
      if (event == FrameParser::Event::literal) on_literal(frame);
      if (event != FrameParser::Event::command) continue;
      const RawCommand raw = frame.take();
      require(raw.line.size() <= command_bytes_max);
      const ParsedCommand parsed = parse_command(raw);
      if (parsed.command) run_command(mailbox, *parsed.command);
    }
  }
}

}  // namespace
}  // namespace gridmail::imap

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) gridmail::imap::run_input(data, size);
  return 0;
}
