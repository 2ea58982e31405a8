#include "tests/simulator/outside.hpp"

#include <algorithm>
#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "node/runtime/timer.hpp"
#include "tests/support/pipe_stream.hpp"

namespace gridmail::sim {
namespace {

/// What a node needs to write down an outcome, should another have to take over first.
constexpr Duration written_down_max = std::chrono::seconds(15);

std::string address_in(const std::string& command) {
  const auto begin = command.find('<') + 1;
  return command.substr(begin, command.find('>') - begin);
}

MessageNumber number_in(const std::string& text) {
  const std::string field = "Message-ID: <m";
  const auto at = text.find(field);
  return at == std::string::npos ? SIZE_MAX : std::stoull(text.substr(at + field.size()));
}

}  // namespace

std::string Outside::broken(bool strict) const {
  for (const auto& [what, times] : taken_) {
    const auto name = "message " + std::to_string(what.first) + " to " + what.second;
    if (std::find(accepted_.begin(), accepted_.end(), what) == accepted_.end() && times.size() > 1 && strict)
      continue;  // sent again by its sender, who did not hear that it was accepted
    const auto excused =
        std::count_if(times.begin(), times.end(), [](const auto& one) { return one.reply_lost; });
    if (strict && times.size() > 1 + static_cast<std::size_t>(excused))
      return name + " came " + std::to_string(times.size()) + " times, though its replies got through";
  }
  for (const auto& what : accepted_) {
    if (!age_excused_ && !taken_.contains(what) && !refused_.contains(what.first))
      return "message " + std::to_string(what.first) + " to " + what.second + " was accepted and never came";
  }
  return {};
}

std::vector<MessageNumber> Outside::missing() const {
  std::vector<MessageNumber> all;
  for (const auto& what : accepted_) {
    if (!taken_.contains(what)) all.push_back(what.first);
  }
  return all;
}

std::vector<MessageNumber> Outside::known_to_have_come() const {
  std::vector<MessageNumber> all;
  for (const auto& [what, times] : taken_) {
    if (std::all_of(times.begin(), times.end(), [](const auto& one) { return !one.reply_lost; }))
      all.push_back(what.first);
  }
  return all;
}

/// The node is gone, and with it what it may not have written down.
void Outside::line_gone(const OutsideLine* line, TimePoint now) {
  for (auto& [what, times] : taken_) {
    for (auto& one : times) {
      if (one.by != line) continue;
      one.by = nullptr;
      if (one.at + written_down_max > now) one.reply_lost = true;
    }
  }
}

/// False: the connection is to be broken off.
Task<bool> Outside::reply(Stream* stream, Clock* clock, std::string text) {
  const auto slow = static_cast<std::uint64_t>(manners_.slow_max.count());
  if (slow > 0) co_await sleep_for(*clock, Duration(static_cast<std::int64_t>(random_.below(slow))));
  if (random_.chance(manners_.breaks_off)) co_return false;
  text += "\r\n";
  co_await stream->write(text);
  co_return true;
}

Task<void> Outside::serve(std::unique_ptr<Stream> stream, Clock* clock, const OutsideLine* line) {
  std::string buffer;
  std::vector<std::string> recipients;
  try {
    bool goes_on = co_await reply(stream.get(), clock, "220 mx");
    while (goes_on) {
      const auto command = co_await testing::read_until(*stream, buffer, "\r\n");
      const auto verb = command.substr(0, 4);
      const bool defers = (verb == "MAIL" || verb == "RCPT") && random_.chance(manners_.defers);
      if (verb == "QUIT") break;
      if (verb == "MAIL") recipients.clear();
      if (verb == "RCPT" && !defers) recipients.push_back(address_in(command));
      if (verb == "DATA") {
        goes_on = co_await take_message(stream.get(), &buffer, recipients, clock, line);
      } else {
        std::string text = verb == "EHLO" ? "250-mx\r\n250-PIPELINING\r\n250 8BITMIME" : "250 ok";
        if (defers) text = "451 4.7.1 not now";
        goes_on = co_await reply(stream.get(), clock, std::move(text));
      }
    }
  } catch (const asio::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
  }
  stream->close();
}

Task<bool> Outside::take_message(Stream* stream, std::string* buffer, std::vector<std::string> recipients,
                                 Clock* clock, const OutsideLine* line) {
  if (recipients.empty()) co_return co_await reply(stream, clock, "503 nobody");
  const bool ready = co_await reply(stream, clock, "354 go");
  if (!ready) co_return false;
  const auto text = co_await testing::read_until(*stream, *buffer, "\r\n.\r\n");
  if (random_.chance(manners_.defers)) co_return co_await reply(stream, clock, "452 4.3.1 full");
  const auto message = number_in(text);
  if (manners_.refuses > 0 && random_.chance(manners_.refuses)) {
    refused_.insert(message);
    co_return co_await reply(stream, clock, "550 5.7.1 not wanted");
  }
  const bool loses = random_.chance(manners_.loses_reply);
  std::vector<std::size_t> places;
  for (const auto& recipient : recipients) {
    auto& times = taken_[{message, recipient}];
    places.push_back(times.size());
    times.push_back({line, clock->now(), true});  // until the reply is on its way
  }
  if (loses) co_return false;
  const bool replied = co_await reply(stream, clock, "250 2.0.0 taken");
  for (std::size_t i = 0; i < recipients.size(); ++i)
    taken_[{message, recipients[i]}][places[i]].reply_lost = !replied;
  co_return replied;
}

Task<Result<std::vector<ports::Exchanger>>> OutsideLine::exchangers(std::string domain) {
  if (outside_.random_.chance(outside_.manners_.dns_fails))
    co_return fail(Errc::unavailable, "DNS: no answer");
  std::vector<ports::Exchanger> all;
  all.push_back({10, "mx1." + domain});
  all.push_back({10, "mx2." + domain});
  co_return all;
}

Task<Result<std::vector<std::string>>> OutsideLine::addresses(std::string) {
  if (outside_.random_.chance(outside_.manners_.dns_fails))
    co_return fail(Errc::unavailable, "DNS: no answer");
  co_return std::vector<std::string>(1, "192.0.2.25");
}

Task<Result<std::unique_ptr<Stream>>> OutsideLine::connect(std::string, std::uint16_t, TimePoint,
                                                           std::string) {
  if (outside_.random_.chance(outside_.manners_.refuses_connection)) co_return fail(Errc::io, "refused");
  auto ends = testing::PipeStream::make_pair(parts_.executor, parts_.clock);
  parts_.core.tasks().spawn(parts_.executor, "mail server elsewhere",
                            outside_.serve(std::move(ends.first), &parts_.clock, this));
  co_return std::unique_ptr<Stream>(std::move(ends.second));
}

}  // namespace gridmail::sim
