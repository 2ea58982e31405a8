#include "tests/simulator/mail_imap_client.hpp"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

#include "node/runtime/timer.hpp"
#include "tests/simulator/mail_smtp_client.hpp"

namespace gridmail::sim {
namespace {

/// The number behind `name` in a response; 0 without it.
std::uint32_t number_after(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : static_cast<std::uint32_t>(std::stoul(text.substr(at + name.size())));
}

/// NO because a slot is unavailable, or a disk full.
bool is_for_a_while(const std::string& answer) {
  return answer.find("[UNAVAILABLE]") != std::string::npos || answer.find("[OVERQUOTA]") != std::string::npos;
}

/// "{310}" at the end of a line.
std::optional<std::size_t> literal_announced(const std::string& line) {
  if (!line.ends_with("}\r\n")) return std::nullopt;
  return std::stoull(line.substr(line.rfind('{') + 1));
}

}  // namespace

Task<std::string> ImapClient::response() {
  std::string all = co_await conversation_.line();
  for (auto literal = literal_announced(all); literal; literal = literal_announced(all)) {
    all += co_await conversation_.bytes(*literal);
    const std::string rest = co_await conversation_.line();
    all += rest;
    if (!literal_announced(rest)) break;
  }
  co_return all;
}

Task<ImapClient::Answer> ImapClient::command(std::string text) {
  const std::string tag = "c" + std::to_string(++commands_);
  flagged_ = record_.flagged_in(mailbox_);
  co_await conversation_.send(tag + " " + text + "\r\n");
  auto answered = co_await answer(tag);
  const bool expunged = answered.text.find("[EXPUNGEISSUED]") != std::string::npos;  // by another client
  if (!answered.ok && !expunged && !is_for_a_while(answered.text))
    record_.broken(text + " was answered with " + answered.text, user_);
  co_return answered;
}

Task<ImapClient::Answer> ImapClient::answer(std::string tag) {
  const std::string beginning = tag + " ";
  for (;;) {
    const std::string heard = co_await response();
    if (heard.starts_with(beginning)) {
      const std::string text = heard.substr(beginning.size());
      hear_copied(text);
      Answer answered{text.starts_with("OK"), text};
      co_return answered;
    }
    hear(heard);
  }
}

void ImapClient::hear(const std::string& untagged) {
  if (untagged.starts_with("* BYE")) record_.broken("a client was sent away: " + untagged, user_);
  if (const auto next = number_after(untagged, "[UIDNEXT ")) uid_next_ = next;
  if (const auto validity = number_after(untagged, "[UIDVALIDITY ")) validity_ = validity;
  hear_copied(untagged);
  if (untagged.size() < 3 || untagged[2] < '0' || untagged[2] > '9') return;
  std::size_t digits = 0;
  const std::size_t number = std::stoull(untagged.substr(2), &digits);
  const std::string what = untagged.substr(2 + digits);
  if (what.starts_with(" EXISTS")) hear_exists(number);
  if (what.starts_with(" EXPUNGE")) hear_expunge(number);
  if (what.starts_with(" FETCH")) hear_fetch(number, what);
}

void ImapClient::hear_exists(std::size_t count) {
  if (count < uids_.size()) record_.broken("EXISTS fell without EXPUNGE", user_);
  uids_.resize(count);
  report();
}

void ImapClient::hear_expunge(std::size_t number) {
  if (number == 0 || number > uids_.size()) {
    record_.broken("EXPUNGE of a message that does not exist", user_);
    return;
  }
  const auto at = uids_.begin() + static_cast<std::ptrdiff_t>(number - 1);
  if (*at != 0) record_.expunged(mailbox_, *at);
  uids_.erase(at);
  report();
}

void ImapClient::hear_fetch(std::size_t number, const std::string& response) {
  if (number == 0 || number > uids_.size()) {
    record_.broken("FETCH of a message that does not exist", user_);
    return;
  }
  Uid& uid = uids_[number - 1];
  if (const Uid told = number_after(response, "UID ")) {
    if (uid != 0 && uid != told) record_.broken("a sequence number has another UID", user_);
    const bool above = number < 2 || uids_[number - 2] < told;
    const bool below = number == uids_.size() || uids_[number] == 0 || uids_[number] > told;
    if (!above || !below) record_.broken("UIDs do not ascend", user_);
    uid = told;
  }
  if (uid == 0) return;
  const bool whole = response.find("BODY[] {") != std::string::npos;
  const auto literal = response.find("}\r\n");
  if (literal != std::string::npos) {
    const auto size = number_after(response, "] {");
    record_.shown(mailbox_, uid, response.substr(literal + 3, size), whole);
  }
  const auto flags = response.find("FLAGS (");
  if (flags == std::string::npos || (literal != std::string::npos && flags > literal)) return;
  const bool flagged =
      response.substr(flags, response.find(')', flags) - flags).find("\\Flagged") != std::string::npos;
  if (!flagged && flagged_.contains(uid)) record_.broken("a confirmed flag is lost", user_);
}

/// "[COPYUID 1700000000 7 3]": this client copies one message at a time.
void ImapClient::hear_copied(const std::string& text) {
  const auto at = text.find("[COPYUID ");
  if (at == std::string::npos) return;
  std::size_t used = 0;
  const auto from = text.find(' ', at + 9);
  const Uid source = static_cast<Uid>(std::stoul(text.substr(from), &used));
  const Uid target = static_cast<Uid>(std::stoul(text.substr(from + used)));
  const auto message = record_.message_at(mailbox_, source);
  record_.copied(user_, message);
  record_.placed({user_, copies_mailbox}, target, message);
}

Task<bool> ImapClient::log_in() {
  const std::string greeting = co_await conversation_.line();
  if (!greeting.starts_with("* OK")) record_.broken("IMAP greets with " + greeting, user_);
  const auto answered = co_await command("LOGIN " + address_of(user_) + " secret");
  co_return answered.ok;
}

Task<bool> ImapClient::select(std::string mailbox, bool whole) {
  mailbox_ = {user_, mailbox};
  uids_.clear();
  const auto before = record_.known(mailbox_);
  const auto selected = co_await command("SELECT " + mailbox);
  if (!selected.ok) co_return false;
  const Uid next = uid_next_;
  const bool fetched = co_await fetch(1, whole);
  if (!fetched) co_return false;
  std::set<Uid> view;
  for (const Uid uid : uids_) {
    if (uid != 0 && uid < next) view.insert(uid);
  }
  record_.viewed(mailbox_, before, validity_, next, view);
  co_return true;
}

Task<bool> ImapClient::fetch(std::size_t from, bool whole) {
  if (from > uids_.size()) co_return true;
  const std::string item = whole ? "BODY.PEEK[]" : "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]";
  const auto fetched = co_await command("FETCH " + std::to_string(from) + ":* (UID FLAGS " + item + ")");
  if (fetched.ok || fetched.text.find("[EXPUNGEISSUED]") == std::string::npos) co_return fetched.ok;
  co_return co_await noop();  // hears of the EXPUNGE that made it fail
}

Task<bool> ImapClient::fetch_new() {
  std::size_t from = 1;
  while (from <= uids_.size() && uids_[from - 1] != 0) ++from;
  co_return co_await fetch(from, false);
}

Task<bool> ImapClient::noop() {
  const auto answered = co_await command("NOOP");
  co_return answered.ok;
}

Task<void> ImapClient::end_idle(Duration duration) {
  co_await sleep_for(clock_, duration);
  co_await conversation_.send("DONE\r\n");
}

Task<bool> ImapClient::idle(Duration duration) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  const std::string tag = "c" + std::to_string(++commands_);
  flagged_.clear();  // what is told meanwhile may be older than what was confirmed meanwhile
  co_await conversation_.send(tag + " IDLE\r\n");
  const auto answered = co_await (answer(tag) && end_idle(duration));
  if (!answered.ok) record_.broken("IDLE was answered with " + answered.text, user_);
  co_return answered.ok;
}

Task<bool> ImapClient::flag(Uid uid) {
  const auto answered = co_await command("UID STORE " + std::to_string(uid) + " +FLAGS (\\Flagged)");
  // A message that was expunged meanwhile is passed over (RFC 3501, 6.4.8), and this session was told so
  // before the OK.
  const bool is_there = std::find(uids_.begin(), uids_.end(), uid) != uids_.end();
  if (answered.ok && is_there) record_.flagged(mailbox_, uid);
  co_return answered.ok;
}

Task<bool> ImapClient::copy(Uid uid) {
  record_.may_copy(user_, record_.message_at(mailbox_, uid));
  const auto answered = co_await command("UID COPY " + std::to_string(uid) + " " + copies_mailbox);
  co_return answered.ok;
}

Task<bool> ImapClient::move(Uid uid) {
  record_.may_remove(mailbox_, uid);
  record_.may_copy(user_, record_.message_at(mailbox_, uid));
  const auto answered = co_await command("UID MOVE " + std::to_string(uid) + " " + copies_mailbox);
  co_return answered.ok;
}

Task<bool> ImapClient::expunge(Uid uid) {
  const std::string number = std::to_string(uid);
  const auto deleted = co_await command("UID STORE " + number + " +FLAGS.SILENT (\\Deleted)");
  if (!deleted.ok) co_return false;
  record_.may_remove(mailbox_, uid);
  record_.may_discard(user_, record_.message_at(mailbox_, uid));
  const auto answered = co_await command("UID EXPUNGE " + number);
  co_return answered.ok;
}

Task<bool> ImapClient::append(std::string text) {
  const auto message = record_.begin_message(std::move(text));
  record_.sent_to(message, user_);
  const std::string literal = record_.text_of(message);
  const std::string tag = "c" + std::to_string(++commands_);
  flagged_ = record_.flagged_in(mailbox_);
  co_await conversation_.send(tag + " APPEND INBOX {" + std::to_string(literal.size()) + "}\r\n");
  for (bool asked = false; !asked;) {
    const std::string heard = co_await response();
    asked = heard.starts_with("+ ");
    if (heard.starts_with(tag)) {
      if (!is_for_a_while(heard)) record_.broken("APPEND was answered with " + heard, user_);
      co_return false;
    }
    if (!asked) hear(heard);
  }
  co_await conversation_.send(literal + "\r\n");
  const auto answered = co_await answer(tag);
  if (!answered.ok) {
    if (!is_for_a_while(answered.text)) record_.broken("APPEND was answered with " + answered.text, user_);
    co_return false;
  }
  record_.accepted(message);
  const auto code = answered.text.find("[APPENDUID ");
  if (code == std::string::npos) record_.broken("APPEND gave no APPENDUID", user_);
  const auto uid = static_cast<Uid>(number_after(answered.text.substr(code + 11), " "));
  record_.placed({user_, "INBOX"}, uid, message);
  co_return true;
}

Task<void> ImapClient::log_out() {
  co_await conversation_.send("bye LOGOUT\r\n");
  for (;;) {
    const std::string heard = co_await response();
    if (heard.starts_with("bye ")) break;
  }
}

}  // namespace gridmail::sim
