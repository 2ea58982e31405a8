#include "tests/simulator/mail_life.hpp"

#include "tests/simulator/checkers.hpp"
#include "tests/support/pipe_stream.hpp"

namespace gridmail::sim {
namespace {

MailSettings settings() {
  MailSettings mail;
  mail.login_delays.first = Duration::zero();
  mail.trace.bytes_max = 0;
  mail.passwords.cost = {1, 8192};  // libsodium's least
  // What is deferred is to be sent before everything is looked at.
  mail.retries.pause_first = std::chrono::seconds(1);
  mail.retries.pause_max = std::chrono::seconds(8);
  return mail;
}

}  // namespace

MailLife::MailLife(const CompanionParts& parts, Outside& outside)
    : parts_(parts),
      outside_(parts, outside),
      services_({parts.core, parts.clock, parts.random, parts.network, parts.store, outside_, outside_,
                 parts.executor},
                settings()) {
  for (auto* settings : {&smtp_, &lmtp_, &submission_}) {
    settings->hostname = "mx.example.test";
    settings->allow_plaintext_login = true;
  }
  lmtp_.mode = smtp::Mode::lmtp;
  submission_.mode = smtp::Mode::submission;
  imap_.hostname = pop3_.hostname = "mx.example.test";
  imap_.allow_plaintext_login = pop3_.allow_plaintext_login = true;
}

Task<Result<void>> MailLife::start() {
  auto begun = co_await services_.start();
  started_ = begun.has_value();
  co_return begun;
}

std::unique_ptr<Stream> MailLife::connect(const char* protocol, Serve serve) {
  auto [session, client] = testing::PipeStream::make_pair(parts_.executor, parts_.clock);
  parts_.core.tasks().spawn(parts_.executor, protocol, serve(std::move(session), this));
  return std::move(client);
}

std::unique_ptr<Stream> MailLife::connect_smtp(smtp::Mode mode) {
  switch (mode) {
    case smtp::Mode::submission:
      return connect("submission", serve_submission);
    case smtp::Mode::lmtp:
      return connect("lmtp", serve_lmtp);
    case smtp::Mode::mx:
      break;
  }
  return connect("smtp", serve_smtp);
}
std::unique_ptr<Stream> MailLife::connect_imap() {
  return connect("imap", serve_imap);
}
std::unique_ptr<Stream> MailLife::connect_pop3() {
  return connect("pop3", serve_pop3);
}

smtp::Services MailLife::smtp_services() {
  return {services_.directory(), services_.delivery(), parts_.clock, parts_.random};
}

Task<void> MailLife::serve_smtp(std::unique_ptr<Stream> stream, MailLife* life) {
  co_await smtp::serve(*stream, life->smtp_services(), life->smtp_);
}
Task<void> MailLife::serve_lmtp(std::unique_ptr<Stream> stream, MailLife* life) {
  co_await smtp::serve(*stream, life->smtp_services(), life->lmtp_);
}
Task<void> MailLife::serve_submission(std::unique_ptr<Stream> stream, MailLife* life) {
  co_await smtp::serve(*stream, life->smtp_services(), life->submission_);
}

Task<void> MailLife::serve_imap(std::unique_ptr<Stream> stream, MailLife* life) {
  const imap::Services services{life->services_.directory(), life->services_.mailboxes(), life->parts_.clock};
  co_await imap::serve(*stream, services, life->imap_);
}

Task<void> MailLife::serve_pop3(std::unique_ptr<Stream> stream, MailLife* life) {
  const pop3::Services services{life->services_.directory(), life->services_.mailboxes(), life->parts_.clock};
  co_await pop3::serve(*stream, services, life->pop3_);
}

}  // namespace gridmail::sim
