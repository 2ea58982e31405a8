// MailLoad: users and their clients on a simulated grid whose nodes run MailLife.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulator/load.hpp"
#include "tests/simulator/mail_imap_client.hpp"
#include "tests/simulator/mail_smtp_client.hpp"
#include "tests/simulator/outside.hpp"
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

class MailLife;

class MailLoad final : public Load {
 public:
  MailLoad(World& world, std::size_t users, Outside& outside);

  /// Users are added through the first node. Each front gets clients that stay in IDLE in some users' INBOXes
  /// until the end.
  void begin() override;
  bool run_for(Duration duration, const std::function<bool()>& done = {}) override;
  void run(int steps) override;
  [[nodiscard]] std::size_t under_way() const override { return under_way_; }
  /// Intake and queue drain, clients end, every mailbox holds what it must on some front's view, and who is
  /// in IDLE has heard of it.
  void settle() override;
  [[nodiscard]] Outcome outcome() const override;

  /// One message to all users through some live front.
  void send_to_all();
  /// One message for somebody elsewhere through some live front, and how the world takes it from now on.
  void send_out();
  void others_behave(Outside::Manners manners) { outside_.behave(manners); }
  void excuse_age() { outside_.excuse_age(); }
  /// From now on some of the clients send mail out.
  void mix_in_mail_out() { mixes_in_mail_out_ = true; }
  /// Nodes are cut off from one another: a reply may get to one that can tell nobody.
  void excuse_repeats() { repeats_excused_ = true; }
  /// One message through this front.
  void send_one(std::size_t front) { start_sending(front); }
  /// Whoever sends now must not be deferred, or may be again.
  void demand_acceptance(bool demanded) { record_.demand_acceptance(demanded); }

 private:
  /// A client that stays.
  struct Watch {
    std::size_t front;
    UserNumber user;
    bool in_idle = false;
    std::size_t exists = 0;
  };
  /// What one last look found.
  struct Look {
    bool done = false;
    std::vector<Uid> inbox;
    std::vector<MessageNumber> inbox_messages;
    std::vector<MessageNumber> copies;
  };
  void add_users();
  void start_watching();
  [[nodiscard]] Conversation talk(std::size_t front, std::unique_ptr<Stream> stream, Duration patience,
                                  Subject about);
  [[nodiscard]] MailLife& life(std::size_t node);
  [[nodiscard]] std::optional<std::size_t> some_front();
  void spawn(std::size_t front, std::string name, Task<void> client);
  void start_sending(std::size_t front);
  void start_reading(std::size_t front);
  void start_fetching(std::size_t front);
  void look_at(UserNumber user);
  void drain();

  // Clients. Each draws from a generator of its own.
  static Task<void> add(MailLoad* load, MailLife* node, bool* done);
  static Task<void> send(MailLoad* load, std::size_t front, std::vector<UserNumber> recipients,
                         std::uint64_t seed);
  static Task<void> submit(MailLoad* load, std::size_t front, UserNumber sender, std::uint64_t seed);
  static Task<void> fetch(MailLoad* load, std::size_t front, UserNumber user, std::uint64_t seed);
  static Task<void> read(MailLoad* load, std::size_t front, UserNumber user, std::uint64_t seed);
  static Task<void> use_mailbox(Clock* clock, ImapClient* client, SeededRandom* random);
  static Task<void> watch(MailLoad* load, std::shared_ptr<Watch> watch);
  static Task<void> look(MailLoad* load, std::size_t front, UserNumber user, std::shared_ptr<Look> look);
  static Task<void> count_left(MailLife* node, std::size_t slots,
                               std::shared_ptr<std::optional<std::size_t>> left);
  /// Runs a client; what breaks its connection breaks a promise.
  static Task<void> guarded(MailLoad* load, Task<void> client);

  World& world_;
  Outside& outside_;
  bool repeats_excused_ = false;
  bool mixes_in_mail_out_ = false;
  const std::size_t users_;
  MailRecord record_;
  std::size_t under_way_ = 0;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace gridmail::sim
