// Outside: the mail systems elsewhere, as all nodes of a simulated grid reach them, and what they were sent.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/base/random.hpp"
#include "node/runtime/dialer.hpp"
#include "node/runtime/task_group.hpp"
#include "protocols/ports/resolver.hpp"
#include "tests/simulator/companion.hpp"
#include "tests/simulator/mail_record.hpp"

namespace gridmail::sim {

class OutsideLine;

/// Outlives the world. Every domain has a mail server, which takes mail for anybody.
class Outside {
 public:
  /// How others behave: chances, each for every time that it may happen.
  struct Manners {
    double dns_fails = 0;
    double refuses_connection = 0;
    double defers = 0;       ///< 4xx to MAIL, RCPT or the end of data
    double refuses = 0;      ///< 5xx to the end of data
    double breaks_off = 0;   ///< before any of its replies
    double loses_reply = 0;  ///< takes the message, and its reply gets lost
    Duration slow_max{0};    ///< before a reply
  };
  explicit Outside(std::uint64_t seed) : random_(seed) {}
  void behave(Manners manners) { manners_ = manners; }
  /// Clocks jump: a message may be too old at once.
  void excuse_age() { age_excused_ = true; }

  /// The grid has taken the message for that address.
  void accepted(MessageNumber message, std::string address) {
    accepted_.emplace_back(message, std::move(address));
  }
  [[nodiscard]] std::size_t accepted_count() const { return accepted_.size(); }
  /// What of a broken promise is known: nothing when everything accepted came or was refused, and twice only
  /// where the first time's reply was lost, or the node that waited for it. `strict` false: nodes were cut
  /// off from one another too, so that a reply may have got to a node that could tell nobody.
  [[nodiscard]] std::string broken(bool strict) const;
  /// What was accepted and has come to nobody: its sender must have been told.
  [[nodiscard]] std::vector<MessageNumber> missing() const;
  /// What came, and whoever sent it knows: nobody may be told that it did not.
  [[nodiscard]] std::vector<MessageNumber> known_to_have_come() const;

 private:
  friend class OutsideLine;
  struct Taken {
    const OutsideLine* by;
    TimePoint at;  ///< of that node's clock
    bool reply_lost = false;
  };
  [[nodiscard]] Task<void> serve(std::unique_ptr<Stream> stream, Clock* clock, const OutsideLine* line);
  [[nodiscard]] Task<bool> take_message(Stream* stream, std::string* buffer,
                                        std::vector<std::string> recipients, Clock* clock,
                                        const OutsideLine* line);
  [[nodiscard]] Task<bool> reply(Stream* stream, Clock* clock, std::string text);
  void line_gone(const OutsideLine* line, TimePoint now);

  SeededRandom random_;
  Manners manners_;
  bool age_excused_ = false;
  std::vector<std::pair<MessageNumber, std::string>> accepted_;
  std::map<std::pair<MessageNumber, std::string>, std::vector<Taken>> taken_;
  std::set<MessageNumber> refused_;
};

/// One node's way there, in one life of the node.
class OutsideLine final : public ports::Resolver, public Dialer {
 public:
  OutsideLine(const CompanionParts& parts, Outside& outside) : parts_(parts), outside_(outside) {}
  ~OutsideLine() override { outside_.line_gone(this, parts_.clock.now()); }
  [[nodiscard]] Task<Result<std::vector<ports::Exchanger>>> exchangers(std::string domain) override;
  [[nodiscard]] Task<Result<std::vector<std::string>>> addresses(std::string host) override;
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(std::string address, std::uint16_t port,
                                                              TimePoint deadline,
                                                              std::string verified_name) override;

 private:
  CompanionParts parts_;
  Outside& outside_;
};

}  // namespace gridmail::sim
