#include "protocols/smtp/submission_header.hpp"

#include <algorithm>

#include "protocols/mime/address.hpp"
#include "protocols/mime/header.hpp"
#include "protocols/mime/header_line.hpp"
#include "protocols/text/ascii.hpp"
#include "protocols/text/date.hpp"

namespace gridmail::smtp {

void HeaderCollector::feed(BytesView bytes) {
  if (ended_ || header_.size() >= bytes_max) return;
  const auto known = header_.size() - std::min<std::size_t>(header_.size(), 3);
  header_ += bytes.substr(0, bytes_max - header_.size());
  ended_ = header_.starts_with("\r\n") || header_.find("\r\n\r\n", known) != Bytes::npos;
}

SubmissionHeader read_submission_header(BytesView header) {
  SubmissionHeader found;
  const bool goes_on = header.starts_with(' ') || header.starts_with('\t');  // with a field in front of it
  found.lacks_header =
      goes_on || (!header.empty() && !header.starts_with("\r\n") && !mime::FieldReader(header).next());
  if (found.lacks_header) return found;
  while (!header.empty() && !header.starts_with("\r\n")) {
    const auto field = mime::FieldReader(header).next();
    header.remove_prefix(field ? field->line.size() : mime::line_length(header));
    if (!field) continue;  // no line of a header: some readers pass over it, and read on
    const auto is = [&](std::string_view name) { return text::equal_ignoring_case(field->name, name); };
    if (is("Date")) found.has_date = true;
    if (is("Message-ID")) found.has_message_id = true;
    if (is("TLS-Required") && text::equal_ignoring_case(text::trim(field->value), "No"))
      found.tls_not_required = true;
    if (!is("From")) continue;
    found.has_from = true;
    for (auto& address : mime::parse_addresses(field->value, field->value.size())) {
      if (address.begins_group() || address.ends_group()) continue;
      found.authors.push_back(address.mailbox.value_or("") + '@' + address.host.value_or(""));
    }
  }
  return found;
}

std::string missing_fields(const SubmissionHeader& header, const Submission& submission) {
  std::string fields;
  if (!header.has_from) fields += "From: <" + submission.login + ">\r\n";
  if (!header.has_date)
    fields += "Date: " + text::format_rfc5322_date({submission.at / 1'000'000, 0}) + "\r\n";
  if (!header.has_message_id) fields += "Message-ID: <" + submission.id + '@' + submission.hostname + ">\r\n";
  if (header.lacks_header) fields += "\r\n";
  return fields;
}

}  // namespace gridmail::smtp
