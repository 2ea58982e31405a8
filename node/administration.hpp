// Administration: what administrators do on a node, in the name of one of them or of the grid itself.
#pragma once
#include "node/api/principal.hpp"
#include "node/grid/mail_services.hpp"
#include "node/services/certificates/certificate_admin.hpp"

namespace gridmail {

/// Thread-safe, without state of its own. What it is given outlives it; it outlives its calls.
struct Administration {
  Administration(MailServices& mail, const CertificateAdmin& own, api::Principal who,
                 const directory::Actor& in_the_name_of,
                 std::optional<directory::ExpectedRecord> expected = {}, WouldChange would_change = {})
      : principal(std::move(who)),
        directory(mail.directory_client()
                      .in_the_name_of(in_the_name_of)
                      .expecting(std::move(expected))
                      .trying(std::move(would_change))),
        users(mail.admin().through(directory)),
        domains(mail.domains().through(directory)),
        recipients(mail.recipients().through(directory)),
        access(mail.access().through(directory)),
        certificates(own.through(directory)) {}
  Administration(const Administration&) = delete;
  Administration& operator=(const Administration&) = delete;

  api::Principal principal;  ///< without a name: the grid itself
  DirectoryClient directory;
  UserAdmin users;
  DomainAdmin domains;
  RecipientAdmin recipients;
  AccessAdmin access;
  CertificateAdmin certificates;
};

}  // namespace gridmail
