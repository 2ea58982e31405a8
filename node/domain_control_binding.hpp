// DomainControlBinding: the HTTP API's DomainControl bound to a node's mail services.
#pragma once
#include "node/administration.hpp"
#include "node/api/domain_control.hpp"
#include "node/config.hpp"
#include "node/grid/mail_services.hpp"
#include "node/services/dns/domain_check.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the parts outlive it.
class DomainControlBinding final : public api::DomainControl {
 public:
  struct Parts {
    GridCore& core;
    MailServices& mail;
    Clock& clock;
    const NodeConfig& config;
    RecordSearch& dns;
    Administration& as;
  };
  explicit DomainControlBinding(Parts parts) : parts_(parts) {}

  [[nodiscard]] Task<Result<std::vector<api::DkimKey>>> dkim_keys(std::string domain) override;
  [[nodiscard]] Task<Result<api::AddedDkimKey>> add_dkim_key(std::string domain, std::string algorithm,
                                                             std::string selector) override;
  [[nodiscard]] Task<Result<api::Applied>> activate_dkim_key(std::string domain,
                                                             std::string selector) override;
  [[nodiscard]] Task<Result<api::Applied>> retire_dkim_key(std::string domain, std::string selector) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_dkim_key(std::string domain, std::string selector) override;

  [[nodiscard]] Task<Result<std::vector<api::DomainRecord>>> dns_records(std::string domain) override;
  [[nodiscard]] Task<Result<api::Applied>> add_domain_alias(std::string name, std::string of) override;
  [[nodiscard]] Task<Result<api::Applied>> set_catch_all(std::string domain, std::string address) override;
  [[nodiscard]] Task<Result<std::vector<api::MemberList>>> lists() override;
  [[nodiscard]] Task<Result<api::MemberList>> list(std::string address) override;
  [[nodiscard]] Task<Result<api::Applied>> add_list(api::MemberList list) override;
  [[nodiscard]] Task<Result<api::Applied>> change_list(std::string address, std::vector<std::string> added,
                                                       std::vector<std::string> removed) override;
  [[nodiscard]] Task<Result<api::Applied>> remove_list(std::string address) override;
  [[nodiscard]] Task<Result<api::Forwarding>> forwarding(std::string user) override;
  [[nodiscard]] Task<Result<api::Applied>> set_forwarding(std::string user,
                                                          api::Forwarding forwarding) override;
  [[nodiscard]] Task<Result<std::vector<std::string>>> delegates(std::string user) override;
  [[nodiscard]] Task<Result<api::Applied>> set_delegates(std::string user,
                                                         std::vector<std::string> delegates) override;

 private:
  [[nodiscard]] DomainFacts facts_of(const std::string& domain) const;

  Parts parts_;
};

}  // namespace gridmail
