// Fronts of a grid over slots in memory: each with its own disk, network port, intake and delivery.
#pragma once
#include <doctest/doctest.h>
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/runtime/task_group.hpp"
#include "node/services/delivery/grid_delivery.hpp"
#include "storage/directory/directory_client.hpp"
#include "storage/directory/directory_service.hpp"
#include "storage/queue/queue_service.hpp"
#include "tests/support/lossy_network.hpp"
#include "tests/unit/queue/crashing_store.hpp"
#include "tests/unit/queue/memory_mailbox_service.hpp"
#include "tests/unit/queue/memory_remote.hpp"
#include "tests/unit/queue/memory_slots.hpp"

namespace gridmail::test {

constexpr const char* letter = "Subject: hello\r\n\r\nworld\r\n";

class MemorySpool final : public ports::Spool, public MessageBody {
 public:
  [[nodiscard]] Result<void> append(BytesView bytes) override {
    bytes_ += bytes;
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] Result<Bytes> read(std::uint64_t offset, std::size_t length) const override {
    return bytes_.substr(offset, length);
  }

 private:
  Bytes bytes_;
};

class SettableFollowed final : public FollowedDirectory {
 public:
  [[nodiscard]] Duration age() const override { return age_; }
  void set_age(Duration age) { age_ = age; }

 private:
  Duration age_{0};
};

class NotedTrace final : public TraceSink {
 public:
  void note(trace::Event event) override { events.push_back(std::move(event)); }
  [[nodiscard]] std::size_t count(trace::Event::What what) const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](const auto& event) { return event.what() == what; }));
  }
  std::vector<trace::Event> events;
};

/// A port whose node may have crashed.
class MortalNetwork final : public Network {
 public:
  explicit MortalNetwork(std::unique_ptr<Network> port) : port_(std::move(port)) {}
  void send(NodeId to, Channel channel, std::uint16_t kind, Bytes payload) override {
    if (port_) port_->send(to, channel, kind, std::move(payload));
  }
  void send_datagram(const std::string&, Bytes) override {}
  void on_message(OnMessage handler) override { port_->on_message(std::move(handler)); }
  void on_datagram(OnDatagram) override {}
  void crash() { port_.reset(); }

 private:
  std::unique_ptr<Network> port_;
};

class MemoryGrid {
 public:
  explicit MemoryGrid(std::uint64_t seed, std::size_t node_count = 3)
      : random(seed),
        nodes(draw_nodes(node_count)),
        slots(context, clock, random, nodes),
        network(clock, random) {
    slots.serve(ServiceId::mailbox, mailboxes);
    slots.serve(ServiceId::queue, queue);
    queue_port->on_message(
        [this](NodeId from, std::uint16_t, Bytes payload) { queue.on_egress(from, payload); });
    other_port->on_message(
        [this](NodeId from, std::uint16_t, Bytes payload) { other_queue.on_egress(from, payload); });
    queue.start();
    slots.open_all();
    for (const auto& node : nodes) start(node);
  }
  ~MemoryGrid() {
    for (const auto& node : nodes) {
      if (fronts.contains(node)) crash(node);
    }
    slots.close_all();
    run_to_end(queue.stop());
    run_to_end(other_queue.stop());
    context.restart();
    context.poll();
  }

  /// One life of a front.
  struct Front {
    Front(MemoryGrid& grid, NodeId node)
        : store(grid.disk_of(node)),
          network(grid.network.attach(node, node.hex())),
          intake({node, grid.context.get_executor(), grid.clock, grid.random, network, store, grid.slots,
                  grid.users, grid.queue_client, [&grid](NodeId other) { return grid.is_alive(other); },
                  [&grid](NodeId other) { return grid.full.contains(other); }}),
          delivery({grid.clock, grid.random, grid.users, grid.queue_client, intake, grid.trace, nullptr,
                    [] { return std::make_unique<MemorySpool>(); }, nullptr, &grid.search,
                    &grid.queue.placement()},
                   {}) {
      network.on_message(
          [this](NodeId from, std::uint16_t, Bytes payload) { intake.on_message(from, payload); });
    }
    CrashingStore store;
    MortalNetwork network;
    IntakeService intake;
    GridDelivery delivery;
    TaskGroup sessions{"sessions"};
  };

  void start(NodeId node) {
    auto& front = fronts[node] = std::make_unique<Front>(*this, node);
    const auto started = run_to_end(front->intake.start());
    REQUIRE(started);
  }
  void crash(NodeId node) {
    auto front = std::move(fronts.at(node));
    fronts.erase(node);
    front->network.crash();
    front->store.crash();
    front->sessions.cancel();
    run_to_end(front->sessions.join());
    run_to_end(front->delivery.stop());
    run_to_end(front->intake.stop());
    context.restart();
    context.poll();
  }
  [[nodiscard]] bool is_alive(NodeId node) const {
    return fronts.contains(node) && !unreachable.contains(node);
  }
  [[nodiscard]] MemoryStore& disk_of(NodeId node) {
    auto& disk = disks[node];
    if (!disk) disk = std::make_unique<MemoryStore>(clock, random);
    return *disk;
  }

  /// A user of the followed directory, with mailboxes unless told otherwise.
  UserId add_user(const std::string& address, bool with_mailboxes = true) {
    const auto id = draw_id<UserId>(random);
    directory::User record;
    record.set_id(id.bytes());
    record.set_address(address);
    write(keys.user(id), record.SerializeAsString());
    if (with_mailboxes) mailboxes.add_user(id);
    return id;
  }
  void remove_user(UserId id) { write(keys.user(id), std::nullopt); }
  /// An address of a domain of ours that leads to these.
  void put_list(const std::string& address, const std::vector<std::string>& members) {
    directory::Domain domain;
    domain.set_name(address.substr(address.find('@') + 1));
    write(keys.domain(domain.name()), domain.SerializeAsString());
    directory::Address record;
    record.set_list(true);
    write(keys.address(address), record.SerializeAsString());
    directory::MemberList list;
    list.set_address(address);
    for (const auto& member : members) list.add_members(member);
    write(keys.list(address), list.SerializeAsString());
  }
  void put_address(const std::string& address, UserId user) {
    directory::Address record;
    record.set_user(user.bytes());
    write(keys.address(address), record.SerializeAsString());
  }
  void set_postmaster(UserId id) {
    directory::Settings settings;
    settings.set_srs_secret(Bytes(32, 's'));
    settings.set_postmaster(id.bytes());
    write(keys.settings(), settings.SerializeAsString());
  }

  [[nodiscard]] static ports::Incoming message(const std::vector<UserId>& to, const std::string& body) {
    ports::Incoming incoming;
    incoming.sender = "sender@example.net";
    for (const auto& user : to)
      incoming.recipients.push_back({user, user.brief() + "@example.org", {}, 0, {}});
    incoming.trace_header = "Received: from a by b; Tue, 1 Jul 2025 10:00:00 +0000\r\n";
    auto spool = std::make_unique<MemorySpool>();
    REQUIRE(spool->append(body));
    incoming.message = std::move(spool);
    return incoming;
  }
  Result<void> deliver(NodeId front, const std::vector<UserId>& to, const std::string& body) {
    return run_to_end(fronts.at(front)->delivery.deliver(message(to, body)));
  }
  [[nodiscard]] std::size_t copies_of(UserId user, const std::string& body) {
    const auto& all = mailboxes.delivered_to(user);
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& message) { return message.body == body; }));
  }
  /// The queue's entries, of the slots that answer.
  [[nodiscard]] std::vector<queue::Summary> queued() {
    std::vector<queue::Summary> all;
    for (SlotId slot = 0; slot < MemorySlots::slot_count; ++slot) {
      const auto listing = run_to_end(queue_client.list(slot, {}));
      if (listing) all.insert(all.end(), listing->entries().begin(), listing->entries().end());
    }
    return all;
  }
  [[nodiscard]] std::size_t journal_records(NodeId node) {
    const auto& pairs = disk_of(node).contents(Family::node);
    return static_cast<std::size_t>(std::count_if(pairs.begin(), pairs.end(), [](const auto& pair) {
      return pair.first.compare(0, 9, "intake/r/") == 0;
    }));
  }

  void run(Duration duration) { run_for(context, clock, duration); }
  bool run_until_true(Duration limit, const std::function<bool()>& done) {
    return run_for(context, clock, limit, done);
  }
  template <class T>
  T run_to_end(Task<T> task) {
    std::optional<T> value;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T result) {
      REQUIRE(!failure);
      value.emplace(std::move(result));
    });
    REQUIRE(run_for(context, clock, std::chrono::minutes(5), [&] { return value.has_value(); }));
    return std::move(*value);
  }
  void run_to_end(Task<void> task) {
    bool over = false;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr) { over = true; });
    REQUIRE(run_for(context, clock, std::chrono::minutes(5), [&] { return over; }));
  }

 private:
  QueueService::Ports queue_ports(MemoryRemote& to, NodeId self, Network& port) {
    return {.executor = context.get_executor(),
            .clock = clock,
            .random = random,
            .deliveries = users,
            .remote = to,
            .queue = queue_client,
            .trace = trace,
            .rules = {},
            .egress = {self, port, [this] { return senders; }}};
  }
  std::vector<NodeId> draw_nodes(std::size_t count) {
    std::vector<NodeId> drawn;
    for (std::size_t i = 0; i < count; ++i) drawn.push_back(draw_id<NodeId>(random));
    return drawn;
  }
  void write(Bytes key, std::optional<Bytes> value) {
    Batch batch;
    if (value) {
      batch.put(Family::meta, std::move(key), std::move(*value));
    } else {
      batch.remove(Family::meta, std::move(key));
    }
    REQUIRE(run_to_end(slots.store().commit(std::move(batch))));
  }

 public:
  asio::io_context context;
  VirtualClock clock;
  SeededRandom random;
  std::vector<NodeId> nodes;
  MemorySlots slots;
  LossyNetwork network;
  std::map<NodeId, std::unique_ptr<MemoryStore>> disks;
  std::set<NodeId> unreachable;
  std::set<NodeId> full;  ///< disks at their reserve
  SettableFollowed followed;
  DirectoryKeys keys{followed_directory_slot};
  DirectoryView view{slots.store(), followed};
  MailboxClient mailbox_client{slots, random};
  NotedTrace trace;
  UserDelivery users{mailbox_client, view, trace};
  SrsSecrets srs_secrets{view, clock, {}};
  RecipientSearch search{view, clock, srs_secrets};
  QueueClient queue_client{slots};
  MemoryMailboxService mailboxes;
  MemoryRemote remote;
  /// The primary of all slots; the other node has none, and sends what it is handed. Requests to slots come
  /// from it (MemorySlots asks in the name of the nil node).
  const NodeId queue_node = *NodeId::from_bytes(Bytes(sizeof(NodeId), 'q'));
  const NodeId other_node;
  std::vector<NodeId> senders{queue_node};
  MemoryRemote other_remote;
  std::unique_ptr<Network> queue_port = network.attach(queue_node, "queue");
  std::unique_ptr<Network> other_port = network.attach(other_node, "other");
  QueueService queue{queue_ports(remote, queue_node, *queue_port)};
  QueueService other_queue{queue_ports(other_remote, other_node, *other_port)};
  std::map<NodeId, std::unique_ptr<Front>> fronts;
};

}  // namespace gridmail::test
