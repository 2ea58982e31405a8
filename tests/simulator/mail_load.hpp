// MailLoad: users and their clients on a simulated grid whose nodes run MailLife.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulator/mail_imap_client.hpp"
#include "tests/simulator/mail_smtp_client.hpp"
#include "tests/simulator/world.hpp"

namespace gridmail::sim {

class MailLife;

/// Clients are coroutines of their front and end with it, unanswered. All of it outlives the world's last
/// event.
class MailLoad {
 public:
  MailLoad(World& world, std::size_t users) : world_(world), users_(users) {}

  /// Through the first node; throws when it cannot be done.
  void add_users();
  /// Time passes as in World::run_for, and every record is checked.
  bool run_for(Duration duration, const std::function<bool()>& done = {});
  /// A few clients, each now and then, for `steps` pieces of time of up to 200 ms each.
  void run(int steps);
  /// One message to all users through some live front.
  void send_to_all();
  /// Each live front gets clients that stay in IDLE in some users' INBOXes until the end.
  void start_watching();

  /// To be asked with everything healed: intake and queue drain, clients end, every mailbox holds what it
  /// must on every front's view, and who is in IDLE has heard of it.
  void settle();
  [[nodiscard]] MailRecord& record() { return record_; }

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
  [[nodiscard]] MailLife& life(std::size_t node);
  [[nodiscard]] std::optional<std::size_t> some_front();
  void spawn(std::size_t front, std::string name, Task<void> client);
  void start_sending(std::size_t front);
  void start_reading(std::size_t front);
  void look_at(UserNumber user);
  void drain();

  // Clients. Each draws from a generator of its own.
  static Task<void> add(MailLoad* load, MailLife* node, bool* done);
  static Task<void> send(MailLoad* load, std::size_t front, std::vector<UserNumber> recipients,
                         std::uint64_t seed);
  static Task<void> read(MailLoad* load, std::size_t front, UserNumber user, std::uint64_t seed);
  static Task<void> use_mailbox(MailLoad* load, ImapClient* client, SeededRandom* random);
  static Task<void> watch(MailLoad* load, std::shared_ptr<Watch> watch);
  static Task<void> look(MailLoad* load, std::size_t front, UserNumber user, std::shared_ptr<Look> look);
  static Task<void> count_left(MailLife* node, std::size_t slots,
                               std::shared_ptr<std::optional<std::size_t>> left);
  /// Runs a client; what breaks its connection breaks a promise.
  static Task<void> guarded(MailLoad* load, Task<void> client);

  World& world_;
  const std::size_t users_;
  MailRecord record_;
  std::size_t under_way_ = 0;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace gridmail::sim
