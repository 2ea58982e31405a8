// The part of ClientSession that sends a message (RFC 5321, section 3.3).
#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "protocols/line/dot_stuffer.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/mime/reencoding.hpp"
#include "protocols/smtp_client/client_session.hpp"
#include "protocols/smtp_client/envelope_command.hpp"
#include "protocols/text/ascii.hpp"

namespace gridmail::smtp {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

/// Ours were made over the body as it came; one that is wrong is worse than none (RFC 6376, section 5.3).
Bytes without_signatures(BytesView trace) {
  Bytes kept;
  mime::FieldReader reader(trace);
  while (const auto field = reader.next()) {
    if (!text::equal_ignoring_case(field->name, "DKIM-Signature")) kept += field->line;
  }
  return kept;
}

/// Some servers say so what 452 is for: enough recipients for this once (RFC 5321, section 4.5.3.1.10). To
/// the first of them it can only mean the mailbox.
bool is_enough(const RemoteReply& reply, bool some_are_taken) {
  return reply.code == 552 && some_are_taken && !reply.status().starts_with("5.2.");
}

}  // namespace

struct ClientSession::Transaction {
  explicit Transaction(OutgoingMail outgoing) : mail(std::move(outgoing)), verdicts(mail.recipients.size()) {
    needs.eight_bit = !text::is_ascii(mail.trace) || !text::is_ascii(mail.body);
    // RFC 6531, section 3.6: by what the message holds, not by how it came.
    has_wide_header = mail.utf8 && (!text::is_ascii(mail.trace) || mime::has_wide_header(mail.body));
    needs.utf8 = has_wide_header || !text::is_ascii(mail.sender) ||
                 std::any_of(mail.recipients.begin(), mail.recipients.end(),
                             [](const auto& one) { return !text::is_ascii(one.address); });
  }

  void settle(std::size_t recipient, Verdict verdict) { verdicts[recipient] = std::move(verdict); }
  /// All who have no verdict yet.
  void settle_rest(const Verdict& verdict) {
    for (auto& open : verdicts) {
      if (!open) open = verdict;
    }
  }
  [[nodiscard]] bool has_open() const {
    return std::any_of(verdicts.begin(), verdicts.end(), [](const auto& verdict) { return !verdict; });
  }

  OutgoingMail mail;
  Needs needs;
  bool has_wide_header = false;
  std::optional<Bytes> reencoded;  ///< what the mail's body then is
  Bytes unsigned_trace;            ///< and its trace
  std::vector<std::optional<Verdict>> verdicts;
};

Task<std::vector<Verdict>> ClientSession::send(OutgoingMail mail, MayFinish may_finish) {
  answered_ = false;
  const auto all = std::exchange(mail.recipients, {});
  // RFC 9422, section 5: the server has said how many it takes at once.
  const auto limit = extensions_.recipients_max == 0 ? all.size() : extensions_.recipients_max;
  std::vector<Verdict> verdicts;
  while (verdicts.size() < all.size() && (verdicts.empty() || may_send())) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(verdicts.size());
    const auto count = std::min<std::size_t>(limit, all.size() - verdicts.size());
    auto part = mail;
    part.recipients.assign(first, first + static_cast<std::ptrdiff_t>(count));
    auto settled = co_await send_once(std::move(part), may_finish);
    std::move(settled.begin(), settled.end(), std::back_inserter(verdicts));
  }
  verdicts.resize(all.size(),
                  {Verdict::Kind::deferred, "4.5.3", "more recipients than the server takes", false});
  co_return verdicts;
}

Task<std::vector<Verdict>> ClientSession::send_once(OutgoingMail mail, MayFinish may_finish) {
  Transaction transaction(std::move(mail));
  ++transactions_;
  transaction_ends_ = clock_.now() + settings_.transaction_max +
                      std::chrono::seconds(transaction.mail.size() / settings_.bytes_per_second_min);
  std::string lost;
  try {
    co_await transact(transaction, may_finish);
  } catch (const asio::system_error& error) {
    break_off();
    if (error.code() == asio::error::operation_aborted) throw;
    lost = error.code().message();
  } catch (const Unintelligible& error) {
    break_off();
    lost = error.what;
  }
  transaction_ends_ = TimePoint::never();
  transaction.settle_rest({Verdict::Kind::deferred, "4.4.2",
                           "connection lost while waiting for " + std::string(stage_) + ": " + lost, false});
  std::vector<Verdict> verdicts;
  for (auto& verdict : transaction.verdicts) verdicts.push_back(std::move(*verdict));
  co_return verdicts;
}

Task<void> ClientSession::transact(Transaction& transaction, MayFinish& may_finish) {
  auto& mail = transaction.mail;
  if (!is_safe_envelope(mail)) {
    transaction.settle_rest({Verdict::Kind::refused, "5.1.3", "an address that cannot be sent", false});
    co_return;
  }
  adapt(transaction);
  if (!transaction.has_open()) co_return;
  if (extensions_.size_max != 0 && mail.size() > extensions_.size_max) {  // RFC 1870, section 6.1
    transaction.settle_rest({Verdict::Kind::refused, "5.3.4",
                             "the message has " + std::to_string(mail.size()) + " bytes, the server takes " +
                                 std::to_string(extensions_.size_max),
                             false});
    co_return;
  }
  const bool named = co_await name_envelope(transaction);
  if (!named && (!extensions_.pipelining || !usable_)) co_return;
  stage_ = "the reply to DATA";
  if (!extensions_.pipelining) channel_.output() += "DATA\r\n";
  const auto ready = co_await read_reply(settings_.data_timeout);
  if (!named) {
    if (ready.code == 354) break_off();  // for nobody: an end of data might still give it to somebody
    co_return;
  }
  if (ready.code != 354) {
    auto verdict = verdict_of(ready);
    if (ready.is_positive()) verdict.kind = Verdict::Kind::deferred;  // it has taken nothing
    transaction.settle_rest(verdict);
    co_return;
  }
  co_await send_content(transaction, may_finish);
}

/// To a server without SMTPUTF8 or 8BITMIME: who can only be reached with the first is refused, and the
/// content is re-encoded for want of the second (RFC 6152, section 3).
void ClientSession::adapt(Transaction& transaction) {
  auto& mail = transaction.mail;
  if (transaction.needs.utf8 && !extensions_.utf8) {
    const Verdict refused{Verdict::Kind::refused, "5.6.7",
                          "the server does not take addresses that are not ASCII (SMTPUTF8)", false};
    if (transaction.has_wide_header) {
      transaction.settle_rest(
          {Verdict::Kind::refused, "5.6.9", "the server does not take headers in UTF-8 (SMTPUTF8)", false});
    } else if (!text::is_ascii(mail.sender)) {
      transaction.settle_rest(refused);
    }
    for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
      if (!text::is_ascii(mail.recipients[i].address)) transaction.settle(i, refused);
    }
    transaction.needs.utf8 = false;
  }
  if (!transaction.needs.eight_bit || extensions_.eight_bit || !transaction.has_open()) return;
  // Where our fields end with an empty line the message brought no header that could say how it is encoded.
  if (text::is_ascii(mail.trace) && !mail.trace.ends_with("\r\n\r\n"))
    transaction.reencoded = mime::reencode(mail.body, mime::Carrier::seven_bit);
  if (transaction.reencoded) {
    mail.body = *transaction.reencoded;
    transaction.unsigned_trace = without_signatures(mail.trace);
    mail.trace = transaction.unsigned_trace;
    transaction.needs.eight_bit = false;
  } else {
    transaction.settle_rest({Verdict::Kind::refused, "5.6.3",
                             "the server takes no 8-bit text, and the message cannot be re-encoded", false});
  }
}

/// MAIL and RCPT; together, and with DATA, where the server takes commands so (RFC 2920). Whether anybody is
/// left.
Task<bool> ClientSession::name_envelope(Transaction& transaction) {
  const auto& mail = transaction.mail;
  stage_ = "the reply to MAIL";
  const bool resets = std::exchange(needs_reset_, true);
  if (resets) channel_.output() += "RSET\r\n";
  if (resets && !extensions_.pipelining) (void)co_await read_reply(settings_.command_timeout);
  channel_.output() += mail_command(mail, extensions_, transaction.needs);
  std::vector<std::size_t> named;
  for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
    if (!transaction.verdicts[i]) named.push_back(i);
  }
  if (extensions_.pipelining) {
    for (const auto i : named) channel_.output() += rcpt_command(mail.recipients[i], extensions_);
    channel_.output() += "DATA\r\n";
  }
  if (resets && extensions_.pipelining) (void)co_await read_reply(settings_.command_timeout);
  const auto from = co_await read_reply(settings_.command_timeout);
  // RFC 5321, section 3.8: a connection that has been used may have had its time. That is no word about the
  // message.
  if (from.code != 421 || transactions_ == 1) answered_ = true;
  if (!from.is_positive()) transaction.settle_rest(verdict_of(from));
  if (!from.is_positive() && !extensions_.pipelining) co_return false;
  stage_ = "the reply to RCPT";
  bool some_are_taken = false;
  for (std::size_t n = 0; n < named.size() && usable_; ++n) {
    const auto i = named[n];
    if (!extensions_.pipelining) channel_.output() += rcpt_command(mail.recipients[i], extensions_);
    const auto to = co_await read_reply(settings_.command_timeout);
    auto verdict = verdict_of(to);
    if (is_enough(to, some_are_taken)) verdict.kind = Verdict::Kind::deferred;
    some_are_taken = some_are_taken || to.is_positive();
    if (from.is_positive() && !to.is_positive()) transaction.settle(i, std::move(verdict));
    if (!usable_) transaction.settle_rest(verdict_of(to));  // 421 ends it for all
  }
  co_return usable_&& transaction.has_open();
}

Task<void> ClientSession::send_content(Transaction& transaction, MayFinish& may_finish) {
  stage_ = "the message to be taken";
  DotStuffer stuffer;
  for (const BytesView part : {transaction.mail.trace, transaction.mail.body}) {
    for (std::size_t at = 0; at < part.size(); at += piece_bytes) {
      stuffer.append(channel_.output(), part.substr(at, piece_bytes));
      co_await channel_.flush_if_large();
      if (clock_.now() >= transaction_ends_) throw asio::system_error(asio::error::timed_out);
    }
  }
  const bool may = co_await may_finish();
  if (!may) {
    break_off();  // without the end of data nobody has received anything (RFC 5321, section 4.1.1.4)
    transaction.settle_rest(
        {Verdict::Kind::deferred, "4.3.0", "broken off here before the end of data", false});
    co_return;
  }
  stuffer.finish(channel_.output());
  co_await channel_.flush();
  stage_ = "the reply to the end of data";
  if (terms_.lmtp) {  // RFC 2033, section 4.2
    for (auto& verdict : transaction.verdicts) {
      if (!verdict) verdict = verdict_of(co_await read_reply(settings_.end_timeout));
    }
    needs_reset_ = false;
    co_return;
  }
  const auto taken = co_await read_reply(settings_.end_timeout);
  needs_reset_ = false;
  transaction.settle_rest(verdict_of(taken));
}

}  // namespace gridmail::smtp
