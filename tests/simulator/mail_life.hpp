// MailLife: the daemon's MailServices on a simulated node, with passwords that cost nothing.
#pragma once
#include <memory>

#include "node/grid/mail_services.hpp"
#include "protocols/imap/imap_session.hpp"
#include "protocols/pop3/session.hpp"
#include "protocols/smtp/session.hpp"
#include "tests/simulator/companion.hpp"
#include "tests/simulator/outside.hpp"

namespace gridmail::sim {

inline constexpr std::string_view mail_domain = "example.test";

class MailLife final : public Companion {
 public:
  MailLife(const CompanionParts& parts, Outside& outside);

  [[nodiscard]] Task<Result<void>> start() override;
  void on_map(const MapPtr& map) override { services_.on_map(map); }
  void on_push(NodeId from, Bytes payload) override { services_.on_push(from, std::move(payload)); }
  void on_intake(NodeId from, Bytes payload) override { services_.on_intake(from, std::move(payload)); }
  void on_egress(NodeId from, Bytes payload) override { services_.on_egress(from, std::move(payload)); }
  void on_verified(BytesView payload) override { services_.on_verified(payload); }

  [[nodiscard]] MailServices& services() { return services_; }
  /// Connections are taken.
  [[nodiscard]] bool started() const { return started_; }
  /// A client's end of a new connection to this front, whose session has begun.
  [[nodiscard]] std::unique_ptr<Stream> connect_smtp(smtp::Mode mode);
  [[nodiscard]] std::unique_ptr<Stream> connect_imap();
  [[nodiscard]] std::unique_ptr<Stream> connect_pop3();

 private:
  using Serve = Task<void> (*)(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] std::unique_ptr<Stream> connect(const char* protocol, Serve serve);
  [[nodiscard]] static Task<void> serve_smtp(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] static Task<void> serve_lmtp(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] static Task<void> serve_submission(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] static Task<void> serve_imap(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] static Task<void> serve_pop3(std::unique_ptr<Stream> stream, MailLife* life);
  [[nodiscard]] smtp::Services smtp_services();

  CompanionParts parts_;
  OutsideLine outside_;
  MailServices services_;
  smtp::Settings smtp_;
  smtp::Settings lmtp_;
  smtp::Settings submission_;
  pop3::Settings pop3_;
  imap::Settings imap_;
  bool started_ = false;
};

}  // namespace gridmail::sim
