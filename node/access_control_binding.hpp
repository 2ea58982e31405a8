// AccessControlBinding: the HTTP API's AccessControl bound to a node's directory.
#pragma once
#include "node/administration.hpp"
#include "node/api/access_control.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the parts outlive it.
class AccessControlBinding final : public api::AccessControl {
 public:
  struct Parts {
    MailServices& mail;
    Administration& as;
  };
  explicit AccessControlBinding(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<std::vector<api::AuditRow>>> audit(std::uint64_t before,
                                                               std::uint32_t rows_max) override;

 private:
  Parts parts_;
};

}  // namespace gridmail
