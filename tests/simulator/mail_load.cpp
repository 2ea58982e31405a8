#include "tests/simulator/mail_load.hpp"

#include <asio/error.hpp>
#include <asio/system_error.hpp>

#include "tests/simulator/mail_life.hpp"
#include "tests/simulator/mail_pop3_client.hpp"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 60s;      ///< several calls of 15 s each may stand behind one command
constexpr Duration heard_of_max = 40s;  ///< a front asks by itself every 30 s: a lost push costs delay only
constexpr std::size_t mail_clients_max = 12;

std::string some_text(Random& random) {
  std::string text = "From: somebody@elsewhere.test\r\nSubject: simulated\r\n\r\n";
  const bool large = random.chance(0.02);  // more than one chunk
  for (std::uint64_t lines = large ? 4000 + random.below(6000) : random.below(4); lines > 0; --lines) {
    text += "line " + std::to_string(random.u64()) + "\r\n";
    if (large) text.insert(text.size() - 2, 50, 'x');
  }
  return text;
}

Duration up_to(Random& random, Duration most) {
  return Duration(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()))));
}

}  // namespace

MailLife& MailLoad::life(std::size_t node) {
  return static_cast<MailLife&>(world_.companion(node));
}

std::optional<std::size_t> MailLoad::some_front() {
  std::vector<std::size_t> live;
  for (std::size_t i = 0; i < world_.size(); ++i) {
    if (world_.is_up(i) && life(i).started()) live.push_back(i);
  }
  if (live.empty()) return std::nullopt;
  return live[world_.chance().below(live.size())];
}

void MailLoad::spawn(std::size_t front, std::string name, Task<void> client) {
  world_.core(front).tasks().spawn(world_.executor(front), std::move(name), guarded(this, std::move(client)));
}

Task<void> MailLoad::guarded(MailLoad* load, Task<void> client) {
  try {
    co_await std::move(client);
  } catch (const asio::system_error& error) {
    load->record_.broken(std::string("a front that lives lost its client: ") + error.what());
  }
}

MailLoad::MailLoad(World& world, std::size_t users, Outside& outside)
    : world_(world), outside_(outside), users_(users) {
  record_.on_note(
      [this](Subject about, const std::string& what) { world_.note(about, [&] { return what; }); });
}

void MailLoad::begin() {
  add_users();
  start_watching();
}

bool MailLoad::run_for(Duration duration, const std::function<bool()>& done) {
  return world_.run_for(duration, done, [this] { record_.check(); });
}

Outcome MailLoad::outcome() const {
  return {record_.accepted_count() + outside_.accepted_count(), record_.shown_count(),
          world_.network().messages()};
}

/// In the history of a run that is recorded stands what was said.
Conversation MailLoad::talk(std::size_t front, std::unique_ptr<Stream> stream, Duration patience,
                            Subject about) {
  return {std::move(stream), world_.clock_of(front), patience, [this, front, about](std::string_view said) {
            world_.note(about,
                        [&] { return "client of node" + std::to_string(front) + " " + std::string(said); });
          }};
}

void MailLoad::run(int steps) {
  for (int i = 0; i < steps; ++i) {
    if (mixes_in_mail_out_ && world_.chance().chance(0.2)) send_out();
    const auto front = some_front();
    if (front && under_way_ < mail_clients_max) {
      const auto what = world_.chance().below(100);
      if (what < 50) {
        start_sending(*front);
      } else if (what < 90) {
        start_reading(*front);
      } else {
        start_fetching(*front);
      }
    }
    run_for(up_to(world_.chance(), 200ms));
  }
}

// --- users

void MailLoad::add_users() {
  if (!run_for(30s, [this] { return some_front().has_value(); })) throw Violation("no front comes up");
  auto since = world_.clock().now();
  MapVersion version = 0;
  const auto at_rest = [&] {
    const auto map = world_.newest_map();
    if (map && map->version != version) {
      version = map->version;
      since = world_.clock().now();
    }
    return world_.clock().now() - since >= 3s;
  };
  if (!run_for(120s, at_rest)) throw Violation("a grid that has come up does not come to rest");
  bool done = false;
  spawn(0, "add users", add(this, &life(0), &done));
  // Nothing is wrong yet: a change of the directory waits for messages and, some times in a row, for disks;
  // for no period of a second.
  const Duration change_max = 200ms + 5 * world_.options().disks.sync_max;
  const auto changes = static_cast<int>(users_) + 1;
  if (!run_for(2s + changes * change_max, [&] { return done; }))
    throw Violation("users are added too slowly");
}

Task<void> MailLoad::add(MailLoad* load, MailLife* node, bool* done) {
  auto& admin = node->services().admin();
  for (bool added = false; !added;) {
    const auto domain = co_await admin.add_domain(std::string(mail_domain));
    added = domain || domain.error().code == Errc::already_exists;
  }
  for (UserNumber user = 0; user < load->users_;) {
    const auto added = co_await admin.add_user(address_of(user), "secret");
    if (added || added.error().code == Errc::already_exists) ++user;
  }
  for (UserNumber user = 0; user < load->users_; ++user) {
    const auto slot = co_await admin.locate_user(address_of(user));
    if (slot && load->world_.options().history != nullptr) load->world_.options().history->place(user, *slot);
  }
  *done = true;
}

// --- clients that send

void MailLoad::start_sending(std::size_t front) {
  std::vector<UserNumber> recipients{world_.chance().below(users_)};
  while (world_.chance().chance(0.3)) {
    const UserNumber another = world_.chance().below(users_);
    if (std::find(recipients.begin(), recipients.end(), another) == recipients.end())
      recipients.push_back(another);
  }
  spawn(front, "sender", send(this, front, std::move(recipients), world_.chance().u64()));
}

void MailLoad::send_to_all() {
  const auto front = some_front();
  if (!front) return;
  std::vector<UserNumber> all(users_);
  for (UserNumber user = 0; user < users_; ++user) all[user] = user;
  spawn(*front, "sender to all", send(this, *front, std::move(all), world_.chance().u64()));
}

Task<void> MailLoad::send(MailLoad* load, std::size_t front, std::vector<UserNumber> recipients,
                          std::uint64_t seed) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  SeededRandom random(seed);
  const auto mode = random.chance(0.2)   ? smtp::Mode::lmtp
                    : random.chance(0.2) ? smtp::Mode::submission
                                         : smtp::Mode::mx;
  auto conversation = load->talk(front, load->life(front).connect_smtp(mode), patience, {{}, recipients[0]});
  SmtpClient client(conversation, load->record_, mode);
  const bool strict = mode == smtp::Mode::mx;  // the others mend what users and neighbours send
  const auto manner = random.chance(0.05)             ? Manner::vanishes
                      : strict && random.chance(0.05) ? Manner::bare_lf
                                                      : Manner::proper;
  co_await client.send(some_text(random), std::move(recipients), manner);
}

void MailLoad::send_out() {
  const auto front = some_front();
  if (!front || under_way_ >= mail_clients_max) return;
  spawn(*front, "sender elsewhere",
        submit(this, *front, world_.chance().below(users_), world_.chance().u64()));
}

Task<void> MailLoad::submit(MailLoad* load, std::size_t front, UserNumber sender, std::uint64_t seed) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  SeededRandom random(seed);
  auto conversation =
      load->talk(front, load->life(front).connect_smtp(smtp::Mode::submission), patience, {{}, sender});
  SmtpClient client(conversation, load->record_, smtp::Mode::submission);
  const std::string to = "far@place" + std::to_string(random.below(3)) + ".test";
  const auto accepted = co_await client.send_out(some_text(random), sender, to);
  if (accepted) load->outside_.accepted(*accepted, to);
}

// --- clients that read

void MailLoad::start_reading(std::size_t front) {
  const UserNumber user = world_.chance().below(users_);
  spawn(front, "reader", read(this, front, user, world_.chance().u64()));
}

Task<void> MailLoad::read(MailLoad* load, std::size_t front, UserNumber user, std::uint64_t seed) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  SeededRandom random(seed);
  auto conversation = load->talk(front, load->life(front).connect_imap(), patience, {{}, user});
  ImapClient client(conversation, load->world_.clock_of(front), load->record_, user);
  const bool known = co_await client.log_in();
  if (!known) co_return;
  const bool archive = random.chance(0.2);
  const std::string mailbox = archive ? copies_mailbox : "INBOX";
  const bool selected = co_await client.select(mailbox, random.chance(0.3));
  if (selected && !archive) co_await use_mailbox(&load->world_.clock_of(front), &client, &random);
  co_await client.log_out();
}

Task<void> MailLoad::use_mailbox(Clock* clock, ImapClient* client, SeededRandom* random) {
  for (std::uint64_t steps = random->below(5); steps > 0; --steps) {
    Uid uid = 0;
    if (client->exists() > 0) uid = client->uids()[random->below(client->exists())];
    const auto what = random->below(10);
    bool done = true;
    if (what < 2) done = co_await client->idle(up_to(*random, 3s));
    if (what == 2 || uid == 0) done = co_await client->noop();
    if (uid != 0 && what >= 3 && what < 6) done = co_await client->flag(uid);
    if (uid != 0 && what == 6) done = co_await client->copy(uid);
    if (uid != 0 && what == 7) done = co_await client->move(uid);
    if (uid != 0 && what == 8) done = co_await client->expunge(uid);
    if (what == 9) done = co_await client->append(some_text(*random));
    if (done) done = co_await client->fetch_new();
    co_await sleep_for(*clock, up_to(*random, 500ms));
  }
}

// --- clients that fetch by POP3

void MailLoad::start_fetching(std::size_t front) {
  const UserNumber user = world_.chance().below(users_);
  spawn(front, "fetcher", fetch(this, front, user, world_.chance().u64()));
}

Task<void> MailLoad::fetch(MailLoad* load, std::size_t front, UserNumber user, std::uint64_t seed) {
  ++load->under_way_;
  const std::shared_ptr<void> ended(nullptr, [load](void*) { --load->under_way_; });
  SeededRandom random(seed);
  auto conversation = load->talk(front, load->life(front).connect_pop3(), patience, {{}, user});
  Pop3Client client(conversation, load->record_, user);
  const bool known = co_await client.log_in();
  for (std::uint64_t steps = known && client.messages() > 0 ? random.below(4) : 0; steps > 0; --steps) {
    const auto index = random.below(client.messages());
    const bool found = co_await client.retrieve(index);
    if (!found) break;
    if (!random.chance(0.2)) continue;
    const bool marked = co_await client.mark_deleted(index);
    if (marked) break;  // a message that is marked is there no more
  }
  co_await client.quit();
}

// --- clients that stay

void MailLoad::start_watching() {
  for (std::size_t front = 0; front < world_.size(); ++front) {
    if (!world_.is_up(front) || !life(front).started()) continue;
    const auto watcher = std::make_shared<Watch>(Watch{front, world_.chance().below(users_)});
    watches_.push_back(watcher);
    spawn(front, "watcher", watch(this, watcher));
  }
}

Task<void> MailLoad::watch(MailLoad* load, std::shared_ptr<Watch> watch) {
  const std::shared_ptr<void> gone(nullptr, [load, watch](void*) { std::erase(load->watches_, watch); });
  auto conversation =
      load->talk(watch->front, load->life(watch->front).connect_imap(), 10min, {{}, watch->user});
  ImapClient client(conversation, load->world_.clock_of(watch->front), load->record_, watch->user);
  const bool known = co_await client.log_in();
  if (!known) co_return;
  bool selected = false;
  while (!selected) selected = co_await client.select("INBOX", false);
  for (;;) {
    client.report_exists(&watch->exists);
    watch->in_idle = true;
    const bool idled = co_await client.idle(5min);
    watch->in_idle = false;
    if (!idled) co_return;
    bool fetched = false;
    while (!fetched) fetched = co_await client.fetch_new();
  }
}

// --- the end

void MailLoad::settle() {
  if (!run_for(60s, [this] { return some_front().has_value(); })) throw Violation("no front comes up");
  outside_.behave({});
  drain();
  if (const auto broken = outside_.broken(!repeats_excused_); !broken.empty()) throw Violation(broken);
  run_for(heard_of_max);
  for (UserNumber user = 0; user < users_; ++user) look_at(user);
  record_.told(outside_.missing(),
               repeats_excused_ ? std::vector<MessageNumber>() : outside_.known_to_have_come());
  record_.check();
  run_for(2s);
  if (world_.is_whole()) world_.check_copies_equal([this] { record_.check(); });
}

/// Accepted messages leave intake and queue.
void MailLoad::drain() {
  std::size_t left = 0;
  for (int attempt = 0; attempt < 400; ++attempt) {  // a clock that was set back is noticed within 10 minutes
    left = 0;
    for (std::size_t node = 0; node < world_.size(); ++node) {
      if (!world_.is_up(node)) continue;
      const auto here = std::make_shared<std::optional<std::size_t>>();
      spawn(node, "count", count_left(&life(node), world_.newest_map()->rows.size(), here));
      if (!run_for(60s, [&] { return here->has_value(); })) throw Violation("intake cannot be listed");
      left += **here;
    }
    if (left == 0) return;
    run_for(2s);
  }
  throw Violation("intake or queue keeps " + std::to_string(left) + " records");
}

Task<void> MailLoad::count_left(MailLife* node, std::size_t slots,
                                std::shared_ptr<std::optional<std::size_t>> left) {
  const auto records = co_await node->services().intake().list_here();
  std::size_t count = records.size();
  for (SlotId slot = 0; slot < slots; ++slot) {
    const auto listing = co_await node->services().queue().list(slot, SlotClient::Options{});
    count += listing ? static_cast<std::size_t>(listing->entries_size()) : 1;
  }
  *left = count;
}

void MailLoad::look_at(UserNumber user) {
  const auto front = some_front();
  const auto found = std::make_shared<Look>();
  for (int attempt = 0; attempt < 3 && !found->done; ++attempt) {
    spawn(*front, "last look", look(this, *front, user, found));
    run_for(60s, [&] { return found->done; });
  }
  if (!found->done) throw Violation("user " + std::to_string(user) + " cannot read after everything healed");
  record_.settled(user, found->inbox_messages, found->copies);
  for (const auto& watch : watches_) {
    if (watch->user != user || !watch->in_idle || watch->exists == found->inbox.size()) continue;
    record_.broken("user " + std::to_string(user) + " in IDLE was told of " + std::to_string(watch->exists) +
                       " messages of " + std::to_string(found->inbox.size()),
                   user);
  }
  record_.check();
}

Task<void> MailLoad::look(MailLoad* load, std::size_t front, UserNumber user, std::shared_ptr<Look> look) {
  auto conversation = load->talk(front, load->life(front).connect_imap(), patience, {{}, user});
  ImapClient client(conversation, load->world_.clock_of(front), load->record_, user);
  const bool known = co_await client.log_in();
  if (!known) co_return;
  const bool inbox = co_await client.select("INBOX", true);
  if (!inbox) co_return;
  Look found;
  found.inbox = client.uids();
  for (const Uid uid : found.inbox)
    found.inbox_messages.push_back(load->record_.message_at({user, "INBOX"}, uid));
  const bool copies = co_await client.select(copies_mailbox, true);
  if (!copies) co_return;
  for (const Uid uid : client.uids())
    found.copies.push_back(load->record_.message_at({user, copies_mailbox}, uid));
  found.done = true;
  *look = std::move(found);
  co_await client.log_out();
}

}  // namespace gridmail::sim
