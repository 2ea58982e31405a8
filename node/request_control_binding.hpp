// RequestControlBinding: the HTTP API's RequestControl bound to a node's limits and its directory.
#pragma once
#include "node/api/request_control.hpp"
#include "node/grid/mail_services.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the parts outlive it.
class RequestControlBinding final : public api::RequestControl {
 public:
  RequestControlBinding(MailServices& mail, Clock& clock) : mail_(mail), clock_(clock) {}

  [[nodiscard]] std::optional<api::Quota> take_request(const std::string& address,
                                                       const std::string& principal) override;
  [[nodiscard]] Task<Result<api::KeptAnswer>> kept_answer(Bytes id) override;
  [[nodiscard]] Task<Result<void>> begin_request(Bytes id, Bytes request) override;
  [[nodiscard]] Task<Result<void>> keep_answer(Bytes id, api::KeptAnswer answer) override;

 private:
  MailServices& mail_;
  Clock& clock_;
};

}  // namespace gridmail
