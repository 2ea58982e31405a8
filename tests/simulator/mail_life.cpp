#include "tests/simulator/mail_life.hpp"

#include "tests/simulator/checkers.hpp"
#include "tests/support/pipe_stream.hpp"

namespace gridmail::sim {
namespace {

MailSettings settings() {
  MailSettings mail;
  mail.login_delays.first = Duration::zero();
  mail.passwords.cost = {1, 8192};  // libsodium's least
  return mail;
}

}  // namespace

MailLife::MailLife(const CompanionParts& parts)
    : parts_(parts),
      services_({parts.core, parts.clock, parts.random, parts.network, parts.store, parts.executor},
                settings()) {
  smtp_.hostname = imap_.hostname = "mx.example.test";
  imap_.allow_plaintext_login = true;
}

Task<void> MailLife::start() {
  const auto begun = co_await services_.start();
  if (!begun) throw Violation("mail cannot start: " + begun.error().text);
  started_ = true;
}

std::unique_ptr<Stream> MailLife::connect_smtp() {
  auto [session, client] = testing::PipeStream::make_pair(parts_.executor, parts_.clock);
  parts_.core.tasks().spawn(parts_.executor, "smtp", serve_smtp(std::move(session), this));
  return std::move(client);
}

std::unique_ptr<Stream> MailLife::connect_imap() {
  auto [session, client] = testing::PipeStream::make_pair(parts_.executor, parts_.clock);
  parts_.core.tasks().spawn(parts_.executor, "imap", serve_imap(std::move(session), this));
  return std::move(client);
}

Task<void> MailLife::serve_smtp(std::unique_ptr<Stream> stream, MailLife* life) {
  const smtp::Services services{life->services_.directory(), life->services_.delivery(), life->parts_.clock,
                                life->parts_.random};
  co_await smtp::serve(*stream, services, life->smtp_);
}

Task<void> MailLife::serve_imap(std::unique_ptr<Stream> stream, MailLife* life) {
  const imap::Services services{life->services_.directory(), life->services_.mailboxes(), life->parts_.clock};
  co_await imap::serve(*stream, services, life->imap_);
}

}  // namespace gridmail::sim
