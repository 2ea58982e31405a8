// The world elsewhere, as the queue sees it: what is asked of it is written down, and answered as the test
// says.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/runtime/timer.hpp"
#include "storage/queue/remote_delivery.hpp"

namespace gridmail::test {

class MemoryRemote final : public RemoteDelivery {
 public:
  using Kind = queue::Outcome::Kind;
  /// What becomes of a recipient; delivered when there is no rule.
  std::function<Kind(const std::string& address)> rule;
  /// Hops that cannot be reached.
  std::function<bool(const std::string& hop)> is_dead;
  /// Hops that say nothing for so long, and are then given up.
  std::map<std::string, Duration> silent;
  Clock* clock = nullptr;  ///< where there are such
  /// Called before an outcome is returned: time passes, a slot moves.
  std::function<Task<void>()> before_end;

  std::map<std::string, std::size_t> delivered;  ///< by address
  Bytes last_body;
  std::map<std::string, std::size_t> attempts;  ///< by hop
  std::vector<queue::Message> messages;         ///< of each attempt
  std::vector<queue::Report> reports;           ///< each GUID once
  std::vector<Bytes> originals;                 ///< what came back with each of these
  std::size_t at_once = 0, at_once_max = 0;

  [[nodiscard]] Task<std::string> next_hop(std::string destination) const override { co_return destination; }

  [[nodiscard]] Task<Sent> send(std::shared_ptr<const Sending> what) override {
    const auto& parcel = what->parcel;
    ++attempts[parcel.destination()];
    messages.push_back(what->message);
    at_once_max = std::max(at_once_max, ++at_once);
    Sent sent;
    sent.reached = !is_dead || !is_dead(parcel.destination());
    if (const auto found = silent.find(parcel.destination()); found != silent.end()) {
      co_await sleep_for(*clock, found->second);
      sent.reached = false;
    }
    if (before_end) co_await before_end();
    bool finishes = false;
    if (sent.reached) {
      const auto body = co_await what->body();
      if (body) last_body = body->bytes;
      finishes = body && co_await what->may_finish();
    }
    for (const auto& recipient : parcel.recipients()) {
      auto& outcome = sent.outcomes.emplace_back();
      outcome.set_address(recipient.address());
      outcome.set_kind(!finishes ? queue::Outcome::DEFERRED
                       : rule    ? rule(recipient.address())
                                 : queue::Outcome::DELIVERED);
      outcome.set_status("4.0.0");
      outcome.set_reply("as the test says");
      if (outcome.kind() == queue::Outcome::DELIVERED) ++delivered[recipient.address()];
    }
    --at_once;
    co_return sent;
  }

  [[nodiscard]] Task<Result<void>> report(std::shared_ptr<const Reporting> what) override {
    for (const auto& known : reports) {
      if (known.guid() == what->report.guid()) co_return Result<void>{};
    }
    reports.push_back(what->report);
    originals.push_back(what->original);
    co_return Result<void>{};
  }
};

}  // namespace gridmail::test
