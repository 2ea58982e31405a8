#include "protocols/imap/command_parser.hpp"

#include <utility>

#include "protocols/imap/fetch_parser.hpp"
#include "protocols/imap/search_parser.hpp"
#include "protocols/imap/special_use.hpp"
#include "protocols/imap/token_parser.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::imap {
namespace {

// "CAPABILITY" / "LOGOUT" / "NOOP" / "STARTTLS" / "CHECK" / "CLOSE" / "IDLE" / "NAMESPACE" / "UNSELECT"
Arguments no_arguments(TokenParser& /*tokens*/) {
  return NoArguments{};
}

// authenticate    = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]          ; RFC 4959
Arguments authenticate(TokenParser& tokens) {
  Authenticate parsed;
  tokens.space();
  parsed.mechanism = text::to_upper(tokens.atom());
  if (tokens.accept(' ')) parsed.initial = tokens.atom();
  return parsed;
}

// login           = "LOGIN" SP userid SP password
Arguments login(TokenParser& tokens) {
  Login parsed;
  tokens.space();
  parsed.user = tokens.astring();
  tokens.space();
  parsed.password = tokens.astring();
  return parsed;
}

// select          = "SELECT" SP mailbox       (and EXAMINE, DELETE, SUBSCRIBE, UNSUBSCRIBE)
Arguments mailbox(TokenParser& tokens) {
  tokens.space();
  return MailboxArgument{tokens.astring()};
}

// create-param    = "USE" SP "(" [use-attr *(SP use-attr)] ")"               ; RFC 6154, section 6
void create_use(TokenParser& tokens, Create& create) {
  if (!tokens.accept_word("(USE (")) return tokens.fail("Unknown CREATE parameter");
  if (!tokens.accept(')')) {
    int uses = 0;
    do {
      tokens.expect('\\');
      const auto known = special_use_named(tokens.atom());
      create.use_impossible = create.use_impossible || !known || ++uses > 1;
      create.use = known.value_or(ports::SpecialUse::none);
    } while (tokens.accept(' '));
    tokens.expect(')');
  }
  tokens.expect(')');
}

// create          = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"]
Arguments create(TokenParser& tokens) {
  Create parsed;
  tokens.space();
  parsed.mailbox = tokens.astring();
  if (tokens.accept(' ')) create_use(tokens, parsed);
  return parsed;
}

// rename          = "RENAME" SP mailbox SP mailbox
Arguments rename(TokenParser& tokens) {
  Rename parsed;
  tokens.space();
  parsed.from = tokens.astring();
  tokens.space();
  parsed.to = tokens.astring();
  return parsed;
}

// list            = "LIST" SP mailbox SP list-mailbox       (and LSUB)
Arguments list(TokenParser& tokens) {
  List parsed;
  tokens.space();
  parsed.reference = tokens.astring();
  tokens.space();
  parsed.pattern = tokens.list_mailbox();
  return parsed;
}

// status-att      = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "APPENDLIMIT"
StatusItem status_item(TokenParser& tokens) {
  static constexpr std::pair<std::string_view, StatusItem> items[] = {
      {"MESSAGES", StatusItem::messages}, {"RECENT", StatusItem::recent},
      {"UIDNEXT", StatusItem::uid_next},  {"UIDVALIDITY", StatusItem::uid_validity},
      {"UNSEEN", StatusItem::unseen},     {"APPENDLIMIT", StatusItem::append_limit}};
  const std::string name = tokens.word();
  for (const auto& [known, item] : items) {
    if (known == name) return item;
  }
  tokens.fail("Unknown STATUS item");
  return StatusItem::messages;
}

// status          = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
Arguments status(TokenParser& tokens) {
  constexpr std::size_t items_max = 100;
  Status parsed;
  tokens.space();
  parsed.mailbox = tokens.astring();
  tokens.space();
  tokens.expect('(');
  do {
    parsed.items.push_back(status_item(tokens));
    if (parsed.items.size() > items_max) tokens.fail("Too many STATUS items");
  } while (!tokens.failed() && tokens.accept(' '));
  tokens.expect(')');
  return parsed;
}

Arguments append_without_literal(TokenParser& tokens) {
  tokens.fail("Wrong arguments of APPEND, or no message literal");
  return NoArguments{};
}

Arguments search(TokenParser& tokens) {
  tokens.space();
  return parse_search(tokens);
}

Arguments fetch(TokenParser& tokens) {
  tokens.space();
  return parse_fetch(tokens);
}

// store           = "STORE" SP sequence-set SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
Arguments store(TokenParser& tokens) {
  Store parsed;
  tokens.space();
  parsed.set = tokens.sequence_set();
  tokens.space();
  if (tokens.accept('+')) {
    parsed.change = ports::FlagChange::add;
  } else if (tokens.accept('-')) {
    parsed.change = ports::FlagChange::remove;
  }
  if (!tokens.accept_word("FLAGS")) tokens.fail("Unknown STORE item");
  parsed.silent = tokens.accept_word(".SILENT");
  tokens.space();
  if (tokens.peek() == '(') {
    parsed.flags = tokens.flag_list();
    return parsed;
  }
  do {
    tokens.flag(parsed.flags);
  } while (tokens.accept(' '));
  return parsed;
}

// copy            = "COPY" SP sequence-set SP mailbox
// move            = "MOVE" SP sequence-set SP mailbox                        ; RFC 6851
Arguments copy(TokenParser& tokens) {
  Copy parsed;
  tokens.space();
  parsed.set = tokens.sequence_set();
  tokens.space();
  parsed.mailbox = tokens.astring();
  return parsed;
}

Arguments expunge(TokenParser& /*tokens*/) {
  return Expunge{};
}

// uid-expunge     = "UID" SP "EXPUNGE" SP sequence-set                       ; RFC 4315
Arguments uid_expunge(TokenParser& tokens) {
  tokens.space();
  return Expunge{tokens.sequence_set()};
}

// enable          = "ENABLE" 1*(SP capability)                               ; RFC 5161
Arguments enable(TokenParser& tokens) {
  Enable parsed;
  tokens.space();
  do {
    parsed.capabilities.push_back(text::to_upper(tokens.atom()));
  } while (tokens.accept(' '));
  return parsed;
}

// id              = "ID" SP id-params-list                                   ; RFC 2971
// id-params-list  = "(" *(string SP nstring) ")" / nil
Arguments id(TokenParser& tokens) {
  constexpr int fields_max = 30;  // section 3.3
  tokens.space();
  if (tokens.accept_word("NIL")) return NoArguments{};
  tokens.expect('(');
  for (int fields = 0; !tokens.failed() && !tokens.accept(')'); ++fields) {
    if (fields != 0) tokens.space();
    static_cast<void>(tokens.string());
    tokens.space();
    static_cast<void>(tokens.nstring());
    if (fields == fields_max) tokens.fail("Too many ID fields");
  }
  return NoArguments{};
}

struct Rule {
  std::string_view name;
  Arguments (*parse)(TokenParser&);
};

constexpr Rule rules[] = {
    {"APPEND", append_without_literal},
    {"AUTHENTICATE", authenticate},
    {"CAPABILITY", no_arguments},
    {"CHECK", no_arguments},
    {"CLOSE", no_arguments},
    {"COPY", copy},
    {"CREATE", create},
    {"DELETE", mailbox},
    {"ENABLE", enable},
    {"EXAMINE", mailbox},
    {"EXPUNGE", expunge},
    {"FETCH", fetch},
    {"ID", id},
    {"IDLE", no_arguments},
    {"LIST", list},
    {"LOGIN", login},
    {"LOGOUT", no_arguments},
    {"LSUB", list},
    {"MOVE", copy},
    {"NAMESPACE", no_arguments},
    {"NOOP", no_arguments},
    {"RENAME", rename},
    {"SEARCH", search},
    {"SELECT", mailbox},
    {"STARTTLS", no_arguments},
    {"STATUS", status},
    {"STORE", store},
    {"SUBSCRIBE", mailbox},
    {"UNSELECT", no_arguments},
    {"UNSUBSCRIBE", mailbox},
};

// uid             = "UID" SP (copy / fetch / search / store / move / uid-expunge)
constexpr Rule uid_rules[] = {
    {"COPY", copy}, {"EXPUNGE", uid_expunge}, {"FETCH", fetch},
    {"MOVE", copy}, {"SEARCH", search},       {"STORE", store},
};

template <std::size_t count>
const Rule* find_rule(const Rule (&table)[count], std::string_view name) {
  for (const auto& rule : table) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

// command         = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
Command parse(TokenParser& tokens) {
  Command command;
  tokens.space();
  std::string name = tokens.word();
  if (name == "UID") {
    command.uid = true;
    tokens.space();
    name = tokens.word();
  }
  const Rule* rule = command.uid ? find_rule(uid_rules, name) : find_rule(rules, name);
  if (rule == nullptr) {
    tokens.fail("Unknown command");
    return command;
  }
  command.name = rule->name;
  command.arguments = rule->parse(tokens);
  tokens.end();
  return command;
}

}  // namespace

ParsedCommand parse_command(const RawCommand& raw) {
  TokenParser tokens(raw);
  std::string tag = tokens.tag();
  Command command = parse(tokens);
  if (tokens.failure()) return {std::move(tag), fail(Errc::invalid, *tokens.failure())};
  command.tag = tag;
  return {std::move(tag), std::move(command)};
}

// append          = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal
std::optional<Append> parse_append(const RawCommand& raw) {
  if (raw.fault != RawCommand::Fault::none) return std::nullopt;
  TokenParser tokens(raw);
  Append append;
  append.tag = tokens.tag();
  tokens.space();
  if (!tokens.accept_word("APPEND ")) return std::nullopt;
  append.mailbox = tokens.astring();
  tokens.space();
  if (tokens.peek() == '(') {
    append.flags = tokens.flag_list();
    tokens.space();
  }
  if (tokens.peek() == '"') {
    append.date = tokens.date_time();
    tokens.space();
  }
  if (tokens.failed() || tokens.peek() != '{') return std::nullopt;
  const bool announcement_is_last = tokens.rest().find('}') == tokens.rest().size() - 1;
  return announcement_is_last ? std::optional(std::move(append)) : std::nullopt;
}

std::string parse_tag(const RawCommand& raw) {
  TokenParser tokens(raw);
  std::string tag = tokens.tag();
  return tokens.peek() == ' ' || tokens.at_end() ? tag : std::string();
}

}  // namespace gridmail::imap
