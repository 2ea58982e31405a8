#include "storage/queue/outcome_report.hpp"

#include <algorithm>

#include "node/base/log.hpp"
#include "node/base/metrics.hpp"

namespace gridmail {
namespace {

constexpr std::string_view attempts_help =
    "Recipients elsewhere for whom sending was tried, by what came of it.";
metrics::Counter attempts[] = {{"queue_attempts_total", attempts_help, "outcome=\"sent\""},
                               {"queue_attempts_total", attempts_help, "outcome=\"deferred\""},
                               {"queue_attempts_total", attempts_help, "outcome=\"refused\""}};

}  // namespace

void report_outcomes(TraceSink& trace, QueueEntryId entry, const queue::Message& message,
                     const std::vector<queue::Outcome>& outcomes) {
  constexpr std::string_view names[] = {"queue.sent", "queue.deferred", "queue.refused"};
  constexpr trace::Event::What events[] = {trace::Event::SENT, trace::Event::DEFERRED, trace::Event::REFUSED};
  for (const auto& outcome : outcomes) {
    const auto kind = static_cast<std::size_t>(outcome.kind());
    attempts[kind].add();
    if (log_enabled(Level::info)) {
      log(Level::info, names[kind],
          {{"id", message.trace()},
           {"entry", entry.hex()},
           {"to", outcome.address()},
           {"host", outcome.host()},
           {"reply", outcome.reply()}});
    }
    trace::Event event;
    event.set_what(events[kind]);
    event.set_id(message.trace());
    event.set_entry(entry.hex());
    // Who looks for it may not reach the node that took it in, or that died before it had written its note.
    event.set_message_id(message.message_id());
    event.set_sender(message.sender());
    event.add_recipients(outcome.address());
    event.set_host(outcome.host());
    event.set_detail(outcome.reply());
    trace.note(std::move(event));
  }
}

std::size_t header_length(BytesView message) {
  const auto is_field = [](BytesView line) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    return colon != BytesView::npos && !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
  };
  std::size_t at = 0;
  while (at < message.size()) {
    const auto end = std::min(message.find("\r\n", at), message.size());
    const auto line = message.substr(at, end - at);
    const bool goes_on = at > 0 && (line.starts_with(' ') || line.starts_with('\t'));
    if (!goes_on && !is_field(line)) return at < 2 ? 0 : at - 2;
    if (end == message.size()) return end;
    at = end + 2;
  }
  return at < 2 ? 0 : at - 2;
}

BytesView without_return_path(BytesView prefix) {
  if (!prefix.starts_with("Return-Path:")) return prefix;
  const auto end = prefix.find("\r\n");
  return end == BytesView::npos ? BytesView() : prefix.substr(end + 2);
}

std::vector<queue::Outcome> deferred(const queue::Parcel& parcel, const std::string& why) {
  std::vector<queue::Outcome> outcomes;
  for (const auto& recipient : parcel.recipients()) {
    auto& outcome = outcomes.emplace_back();
    outcome.set_kind(queue::Outcome::DEFERRED);
    outcome.set_address(recipient.address());
    outcome.set_status("4.4.1");  // RFC 3463, section 3.5: no answer from host
    outcome.set_reply(why);
  }
  return outcomes;
}

}  // namespace gridmail
