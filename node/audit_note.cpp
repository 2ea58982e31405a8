#include "node/audit_note.hpp"

#include <asio/this_coro.hpp>

#include "gossip/register/map_names.hpp"
#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto answer_waits_max = std::chrono::seconds(2);
constexpr auto tried_for = std::chrono::minutes(1);
constexpr auto try_again = std::chrono::seconds(1);

/// Two texts of what differs.
class Difference {
 public:
  void compare(std::string_view name, const std::string& before, const std::string& after) {
    if (before == after) return;
    add(texts_.first, name, before);
    add(texts_.second, name, after);
  }
  [[nodiscard]] std::pair<std::string, std::string> take() { return std::move(texts_); }

 private:
  static void add(std::string& text, std::string_view name, const std::string& value) {
    if (!text.empty()) text += ' ';
    text.append(name).append("=").append(value);
  }
  std::pair<std::string, std::string> texts_;
};

std::string yes_or_no(bool value) {
  return value ? "yes" : "no";
}

/// Under one GUID, so that it is written once.
Task<void> keep_writing(std::shared_ptr<Administration> as, Clock& clock, directory::Change change,
                        std::shared_ptr<Event> written) {
  const auto until = clock.now() + tried_for;
  for (;;) {
    const auto done = co_await as->directory.change(change);
    if (done) break;
    if (!done.error().temporary() || clock.now() >= until) {
      const auto& note = change.add_audit();
      log(Level::error, "audit.not_written",
          {{"who", as->principal.name},
           {"verb", note.verb()},
           {"object", note.object()},
           {"after", note.after()},
           {"error", done.error().text}});
      break;
    }
    co_await sleep_for(clock, try_again);
  }
  written->set();
}

}  // namespace

std::pair<std::string, std::string> difference(const Member& before, const Member& after) {
  Difference texts;
  texts.compare("state", std::string(name_of(before.state)), std::string(name_of(after.state)));
  texts.compare("weight", std::to_string(before.weight), std::to_string(after.weight));
  texts.compare("zone", before.zone, after.zone);
  texts.compare("maintenance", yes_or_no(before.maintenance_until != 0),
                yes_or_no(after.maintenance_until != 0));
  texts.compare("successor", before.successor ? before.successor->hex() : "none",
                after.successor ? after.successor->hex() : "none");
  texts.compare("paused", yes_or_no(before.paused), yes_or_no(after.paused));
  return texts.take();
}

std::pair<std::string, std::string> difference(const GridSettings& before, const GridSettings& after) {
  Difference texts;
  texts.compare("copies", std::to_string(before.copies), std::to_string(after.copies));
  texts.compare("copies_min", std::to_string(before.copies_min), std::to_string(after.copies_min));
  texts.compare("scrub_days", std::to_string(before.scrub_days), std::to_string(after.scrub_days));
  texts.compare("paused", yes_or_no(before.balance_paused), yes_or_no(after.balance_paused));
  return texts.take();
}

Task<void> write_note(std::shared_ptr<Administration> as, GridCore& core, Clock& clock, AuditNote note) {
  if (as->principal.name.empty()) co_return;
  directory::Change change;
  change.set_guid(as->directory.draw_guid());
  auto& entry = *change.mutable_add_audit();
  entry.set_verb(std::move(note.verb));
  entry.set_object(std::move(note.object));
  entry.set_before(std::move(note.before));
  entry.set_after(std::move(note.after));
  const auto executor = co_await asio::this_coro::executor;
  const auto written = std::make_shared<Event>(executor);
  core.tasks().spawn(executor, "audit", keep_writing(std::move(as), clock, std::move(change), written));
  static_cast<void>(co_await before(clock, clock.now() + answer_waits_max, written));
}

}  // namespace gridmail
