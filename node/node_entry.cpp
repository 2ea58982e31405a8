// How a node comes into its grid, and out of it.
#include <asio/this_coro.hpp>
#include <cstdio>

#include "node/base/log.hpp"
#include "node/node.hpp"
#include "node/planned_stop.hpp"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

constexpr auto first_admin_max = std::chrono::seconds(60);
/// On the disk of the node that creates a grid, until the grid has its first admin.
constexpr BytesView creation_key = "creation";
constexpr const char* unfinished_text =
    "this data directory is in no grid yet, the creation of one broke off: start with --create (gridmail "
    "setup, once more without /etc/gridmail/gridmail.toml)";
constexpr const char* removed_text =
    "this node was removed from its grid: join again with an empty data directory";

}  // namespace

Member Node::own_record() const {
  Member member;
  member.id = identity_->node_id();
  member.public_key = identity_->public_key();
  member.name = config_.name;
  member.addresses = {config_.advertised().text()};
  member.zone = config_.zone;
  member.weight = config_.weight;
  return member;
}

/// The first map: of a grid that this node is let into, or of a new one.
Task<Result<void>> Node::enter_grid() {
  if (core_->has_map()) {
    if (core_->map()->member(identity_->node_id()) == nullptr) {
      co_return fail(Errc::denied, removed_text);
    }
    const auto unfinished = co_await is_being_created();
    if (!unfinished) co_return tl::unexpected(unfinished.error());
    if (command_line_.create && !command_line_.create_repeats && !*unfinished) {
      co_return fail(Errc::invalid, "this data directory is in a grid already: start it without --create");
    }
    // A repeated start may well give the token again that let this node in.
    if (command_line_.join_token) co_return check_grid_of(*command_line_.join_token, core_->map()->grid_id);
    co_return Result<void>{};
  }
  if (command_line_.join_token) {
    auto map = co_await ask_to_join(clock_, *identity_, *command_line_.join_token, own_record());
    if (!map) co_return tl::unexpected(Error{map.error().code, "cannot join: " + map.error().text});
    co_return co_await core_->adopt(std::move(*map));
  }
  if (!command_line_.create) {
    co_return fail(Errc::invalid,
                   "this data directory is in no grid yet: start with --create or --join TOKEN");
  }
  GridSettings settings;
  settings.copies = config_.creation.copies;
  Bytes grid_id(16, '\0');
  random_.fill(grid_id.data(), grid_id.size());
  Map map = create_map(own_record(), config_.creation.slots, std::move(grid_id), settings);
  map.keys.ring.keys.push_back(draw_gossip_key(random_));
  Batch begun;
  begun.put(Family::node, Bytes(creation_key), {});
  begin_first_password(co_await asio::this_coro::executor);
  const auto noted = co_await store_->commit(std::move(begun));
  if (!noted) co_return noted;
  co_return co_await core_->create(std::move(map));
}

void Node::take_map(const MapPtr& map) {
  std::vector<Peer> peers;
  for (const auto& member : map->members) peers.push_back({member.id, member.public_key, member.addresses});
  transport_->set_members(map->grid_id, std::move(peers), map->removed);
  mail_->on_map(map);
  control_->on_map(map);
  const auto* own = map->member(identity_->node_id());
  if (own == nullptr) return leave_grid("the map");
  draining_->look(own->state != MemberState::active);
}

/// A map says so; or, when this node was down meanwhile, a member that it contacts: it gets no map any more.
void Node::leave_grid(const std::string& by) {
  if (removed_.exchange(true)) return;
  log(Level::error, "node.removed", {{"id", identity_->node_id().hex()}, {"by", by}});
  std::fprintf(stderr, "gridmaild: %s\n", removed_text);
  exit_code_ = 2;
  stop();
}

Task<Result<bool>> Node::is_being_created() {
  const auto noted = co_await store_->get(Family::node, Bytes(creation_key));
  if (!noted) co_return tl::unexpected(noted.error());
  co_return noted->has_value();
}

/// A creation that broke off, say because a port was taken, goes on at the next start.
Task<Result<void>> Node::finish_creation() {
  const auto unfinished = co_await is_being_created();
  if (!unfinished) co_return tl::unexpected(unfinished.error());
  if (!*unfinished) co_return Result<void>{};
  auto done = co_await make_first_admin();
  if (!done) co_return done;
  Batch finished;
  finished.remove(Family::node, Bytes(creation_key));
  co_return co_await store_->commit(std::move(finished));
}

/// Its hash takes longer than all else that a new grid waits for: it is made beside that.
void Node::begin_first_password(const asio::any_io_executor& strand) {
  if (first_password_.hashed) return;
  first_password_.text = command_line_.admin.password;
  if (first_password_.text.empty()) first_password_.text = draw_password(random_);
  first_password_.hashed = std::make_shared<Event>(strand);
  tasks_.spawn(strand, "first password", hash_first_password());
}

Task<void> Node::hash_first_password() {
  first_password_.hash = co_await mail_->hasher().hash(first_password_.text);
  first_password_.hashed->set();
}

/// Unless an earlier try came so far.
Task<Result<void>> Node::make_first_admin() {
  if (command_line_.create) begin_first_password(co_await asio::this_coro::executor);
  const auto& admin = command_line_.admin;
  const auto deadline = clock_.now() + first_admin_max;
  for (;;) {
    const auto known = co_await mail_->admin().admins();
    if (known && !known->empty()) co_return Result<void>{};
    if (known) break;
    if (clock_.now() >= deadline) co_return tl::unexpected(known.error());
    co_await sleep_for(clock_, std::chrono::milliseconds(50));
  }
  // Who creates a grid says who its admin is, or reads here who: not whoever starts what broke off.
  if (!command_line_.create) co_return fail(Errc::invalid, unfinished_text);
  if (admin.password.empty()) {
    std::printf("The administrator is %s with password %s\n", admin.user.c_str(),
                first_password_.text.c_str());
    std::fflush(stdout);
  }
  co_await first_password_.hashed->wait();
  if (!first_password_.hash) co_return tl::unexpected(first_password_.hash.error());
  const auto put = co_await mail_->directory_client().put_admin(admin.user, *first_password_.hash, false);
  if (!put) co_return tl::unexpected(put.error());
  if (!admin.token.empty()) {
    const auto token = co_await mail_->admin().add_token("first", admin.user, 0, admin.token);
    if (!token) co_return tl::unexpected(token.error());
  }
  co_return Result<void>{};
}

/// The map says what this node's configuration says of it.
Task<void> Node::keep_record_current() {
  for (;;) {
    const auto map = core_->map();
    const auto* member = map ? map->member(identity_->node_id()) : nullptr;
    if (member != nullptr) {
      // Weight and zone count when the node joins; from then on they are the admin's to change.
      Member own = *member;
      own.name = config_.name;
      own.addresses = {config_.advertised().text()};
      if (is_planned_stop(own.maintenance_until, clock_.wall())) own.maintenance_until = 0;
      if (own == *member) co_return;
      MapChange change;
      change.members.push_back({own, *member});
      (void)co_await core_->map_register().propose(std::move(change));
    }
    co_await sleep_for(clock_, std::chrono::seconds(2));
  }
}

}  // namespace gridmail
