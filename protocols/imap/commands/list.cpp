#include <set>

#include "protocols/imap/commands/handlers.hpp"
#include "protocols/imap/mailbox_name.hpp"
#include "protocols/imap/response_writer.hpp"
#include "protocols/imap/special_use.hpp"

namespace gridmail::imap {
namespace {

using Names = std::set<std::string, std::less<>>;

/// Calls `visit` with every level above `name`, the highest first.
template <class Visit>
void each_parent(const std::string& name, Visit visit) {
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1))
    visit(name.substr(0, at));
}

/// Every name that has a mailbox somewhere below it.
Names parents_of(const std::vector<ports::MailboxInfo>& mailboxes) {
  Names parents;
  for (const auto& mailbox : mailboxes) {
    if (mailbox.id == 0) continue;
    each_parent(mailbox.name, [&](std::string parent) { parents.insert(std::move(parent)); });
  }
  return parents;
}

/// RFC 3348 for the children, RFC 6154 for the use.
std::string attributes_of(const ports::MailboxInfo& mailbox, bool has_children, const Settings& settings) {
  std::string attributes = has_children ? "\\HasChildren" : "\\HasNoChildren";
  if (!mailbox.selectable) attributes.insert(0, "\\Noselect ");
  const auto use = attribute_of(mailbox.use);
  if (settings.extensions.special_use && !use.empty()) attributes.append(" ").append(use);
  return attributes;
}

// mailbox-list    = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
void append_listed(std::string& out, std::string_view response, std::string_view attributes,
                   std::string_view name) {
  out.append("* ").append(response).append(" (").append(attributes).append(") \"/\" ");
  append_mailbox(out, name);
  out.append("\r\n");
}

}  // namespace

// RFC 3501, section 6.3.8.
Task<Reply> run_list(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<List>(command.arguments);
  if (arguments.pattern.empty()) {  // asks for the hierarchy delimiter and the reference's root
    append_listed(context.out(), "LIST", "\\Noselect", "");
    co_return ok("Delimiter listed");
  }
  const auto pattern = MailboxPattern::parse(arguments.reference, arguments.pattern);
  if (!pattern) co_return ok("Nothing can match");
  auto mailboxes = co_await context.mailboxes().list(context.state.user());
  if (!mailboxes) co_return reply_for(mailboxes.error());
  const Names parents = parents_of(*mailboxes);
  for (const auto& mailbox : *mailboxes) {
    const bool has_children = parents.contains(mailbox.name);
    const bool only_subscribed = mailbox.id == 0 && !has_children;
    if (only_subscribed || !pattern->matches(mailbox.name)) continue;
    append_listed(context.out(), "LIST", attributes_of(mailbox, has_children, context.settings),
                  mailbox.name);
  }
  co_return ok("Mailboxes listed");
}

// RFC 3501, section 6.3.9: also a level that is not subscribed itself, where '%' stops above a name that is.
Task<Reply> run_lsub(CommandContext& context, const Command& command) {
  const auto& arguments = std::get<List>(command.arguments);
  const auto pattern = MailboxPattern::parse(arguments.reference, arguments.pattern);
  if (!pattern) co_return ok("Nothing can match");
  auto mailboxes = co_await context.mailboxes().list(context.state.user());
  if (!mailboxes) co_return reply_for(mailboxes.error());
  Names levels;
  for (const auto& mailbox : *mailboxes) {
    if (!mailbox.subscribed) continue;
    if (pattern->matches(mailbox.name)) {
      append_listed(context.out(), "LSUB", mailbox.selectable ? "" : "\\Noselect", mailbox.name);
    } else if (pattern->ends_with_percent()) {
      each_parent(mailbox.name, [&](std::string level) { levels.insert(std::move(level)); });
    }
  }
  for (const auto& mailbox : *mailboxes) {
    if (mailbox.subscribed) levels.erase(mailbox.name);
  }
  for (const auto& level : levels) {
    if (pattern->matches(level)) append_listed(context.out(), "LSUB", "\\Noselect", level);
  }
  co_return ok("Subscriptions listed");
}

}  // namespace gridmail::imap
