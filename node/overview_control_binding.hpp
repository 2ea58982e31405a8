// OverviewControlBinding: the HTTP API's OverviewControl bound to a node's survey of all nodes.
#pragma once
#include "node/api/overview_control.hpp"
#include "node/chronicle/chronicle_service.hpp"
#include "node/grid/mail_services.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the parts outlive it.
class OverviewControlBinding final : public api::OverviewControl {
 public:
  struct Parts {
    GridCore& core;
    MailServices& mail;
    ChronicleService& chronicle;
  };
  explicit OverviewControlBinding(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<api::QueueSummary>> queue_summary() override;
  [[nodiscard]] Task<Result<api::ChronicleAnswer>> chronicle() override;

 private:
  Parts parts_;
};

}  // namespace gridmail
