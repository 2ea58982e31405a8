#include "node/recovery/offline_recovery.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "gossip/disk_marks.pb.h"
#include "gossip/register/acceptor.hpp"
#include "gossip/register/chosen_map.hpp"
#include "gossip/transport/tls_identity.hpp"
#include "storage/directory/directory_keys.hpp"
#include "storage/replication/copy.hpp"
#include "storage/replication/operation.hpp"

namespace gridmail {
namespace {

constexpr BytesView record_prefix = "recovery/";

template <class T>
Result<T> run(Task<Result<T>> task) {
  asio::io_context context;
  Result<T> result = fail(Errc::cancelled, "not run");
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, Result<T> value) {
    if (failure) std::rethrow_exception(failure);
    result = std::move(value);
  });
  context.run();
  return result;
}

/// What root leaves in the store its owner could not read: so all that follows is done as the owner.
Result<void> become_owner_of(const std::filesystem::path& folder) {
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0)
    return fail(Errc::io, folder.string() + ": " + std::strerror(errno));
  if (::geteuid() != 0 || about.st_uid == 0) return {};
  ::umask(077);
  const gid_t group = about.st_gid;
  if (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(about.st_uid) != 0)
    return fail(Errc::io, "cannot become the owner of " + folder.string() + ": " + std::strerror(errno));
  return {};
}

/// The newest map that this node may have voted for: it may have been agreed though it was not told so.
Result<Map> newest_map(Store& store) {
  auto stored = run(store.get(Family::node, Bytes(map_key)));
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return fail(Errc::unavailable, "this node is in no grid");
  auto map = decode_map(**stored);
  if (!map) return map;
  asio::io_context context;
  Acceptor acceptor(context.get_executor(), store, {});
  const auto loaded = run(acceptor.load());
  if (!loaded) return tl::unexpected(loaded.error());
  const auto accepted = acceptor.accepted_map();
  if (accepted && accepted->version > map->version) return *accepted;
  return map;
}

/// The copy as it is on this disk; what an earlier life of the disk left there counts again.
Result<Copy> read_copy(Store& store, SlotId slot) {
  const auto own = run(store.get(Family::node, "disk/own"));
  if (!own) return tl::unexpected(own.error());
  gossip::DiskRecord disk;
  if (*own && !disk.ParseFromString(**own)) return fail(Errc::corrupted, "the disk's marks");
  Copy copy(slot, disk.life(), disk.doubts());
  const auto loaded = run(copy.load(store));
  if (!loaded) return tl::unexpected(loaded.error());
  if (copy.life() != disk.life()) copy.disown(disk.life());
  return copy;
}

Result<NodeSet> find_survivors(const Map& map, NodeId here, const std::vector<std::string>& names) {
  NodeSet survivors{here};
  for (const auto& name : names) {
    const auto at = std::find_if(map.members.begin(), map.members.end(), [&](const Member& member) {
      return member.name == name || member.id.hex() == name;
    });
    if (at == map.members.end()) return fail(Errc::not_found, "no node " + name);
    survivors.insert(at->id);
  }
  return survivors;
}

/// Complete and once copied: it then holds what was committed up to some moment.
Result<bool> has_complete_replica(Store& store) {
  const auto stored = run(store.get(Family::node, "directory-replica"));
  if (!stored) return tl::unexpected(stored.error());
  replication::FollowState state;
  return *stored && state.ParseFromString(**stored) && !state.copying();
}

std::string record_of(const OfflineRecovery& recovery, WallMicros now) {
  nlohmann::ordered_json record = {{"at", now},
                                   {"node", recovery.here().name},
                                   {"map_version_before", recovery.last().version},
                                   {"map_version", recovery.plan().map.version},
                                   {"slots_lost", recovery.plan().lost},
                                   {"slots_stale", recovery.plan().stale},
                                   {"directory_from_replica", recovery.directory_from_replica()}};
  auto& gone = record["given_up"] = nlohmann::ordered_json::array();
  for (const auto& member : recovery.plan().gone)
    gone.push_back({{"id", member.id.hex()}, {"name", member.name}});
  return record.dump();
}

}  // namespace

StoreOptions store_options(const NodeConfig& config, NodeId node, WallMicros now) {
  StoreOptions options;
  options.folder = config.data_dir / "store";
  for (std::size_t i = 0; i < family_count; ++i) {
    if (!config.storage.paths[i].empty()) {
      options.family_folders[static_cast<Family>(i)] = config.storage_path(static_cast<Family>(i));
    }
  }
  options.node = node;
  options.created = now;
  options.tuning.cache_bytes = config.storage.cache_bytes;
  options.tuning.write_buffers_bytes =
      std::min<std::size_t>(options.tuning.write_buffers_bytes, config.storage.cache_bytes / 2);
  options.space_reserve_bytes = config.storage.reserve_bytes;
  return options;
}

Result<OfflineRecovery> OfflineRecovery::prepare(const NodeConfig& config,
                                                 const std::vector<std::string>& survivors) {
  const auto key_file = config.data_dir / "node.key";
  if (!std::filesystem::exists(key_file))
    return fail(Errc::not_found, "no node in " + config.data_dir.string());
  if (auto owner = become_owner_of(config.data_dir); !owner) return tl::unexpected(owner.error());
  const auto identity = TlsIdentity::load_or_create(key_file);
  if (!identity) return tl::unexpected(identity.error());
  OfflineRecovery recovery;
  recovery.here_ = identity->node_id();
  auto options = store_options(config, recovery.here_, 0);
  options.on_disk_failure = [](const Error&) {};  // the commit that met it fails, and that is said
  auto store = RocksDbStore::open(std::move(options));
  if (!store) return tl::unexpected(store.error());
  recovery.store_ = std::move(*store);
  auto last = newest_map(*recovery.store_);
  if (!last) return tl::unexpected(last.error());
  recovery.last_ = std::move(*last);
  if (recovery.last_.member(recovery.here_) == nullptr)
    return fail(Errc::unavailable, "this node was removed from the grid");
  const auto set = find_survivors(recovery.last_, recovery.here_, survivors);
  if (!set) return tl::unexpected(set.error());
  auto plan = plan_recovery(recovery.last_, *set, recovery.here_);
  if (!plan) return tl::unexpected(plan.error());
  recovery.plan_ = std::move(*plan);

  const SlotId directory = recovery.last_.directory_slot();
  auto& lost = recovery.plan_.lost;
  const bool directory_lost = std::find(lost.begin(), lost.end(), directory) != lost.end();
  if (directory_lost) {
    const auto complete = has_complete_replica(*recovery.store_);
    if (!complete) return tl::unexpected(complete.error());
    recovery.directory_from_replica_ = *complete;
  }
  if (recovery.directory_from_replica_) {
    std::erase(lost, directory);
    auto& row = recovery.plan_.map.rows[directory];
    row.in_sync = {recovery.here_};
    row.primary = recovery.here_;
  }
  return recovery;
}

std::string OfflineRecovery::phrase() const {
  std::string text = "give up";
  for (const auto& member : plan_.gone) text += " " + member.name;
  return text;
}

/// Copies here that are all that is left of their slot, whole or not; empty ones in place of what is lost.
Result<void> OfflineRecovery::declare_copies_whole(Batch& batch) {
  for (const auto* slots : {&plan_.stale, &plan_.lost}) {
    for (const SlotId slot : *slots) {
      const auto& row = plan_.map.rows[slot];
      if (row.primary != here_) continue;
      auto copy = read_copy(*store_, slot);
      if (!copy) return tl::unexpected(copy.error());
      batch.append(copy->declare_whole(row.epoch - 1));
    }
  }
  return {};
}

/// Every node has a replica of the directory: users outlive the copies of its slot.
Result<void> OfflineRecovery::take_directory_from_replica(Batch& batch) {
  const SlotId directory = last_.directory_slot();
  auto copy = read_copy(*store_, directory);
  if (!copy) return tl::unexpected(copy.error());
  batch.append(copy->drop());
  const auto view = store_->snapshot();
  Bytes next = slot_begin(followed_directory_slot);
  for (bool more = true; more;) {
    const auto page =
        run(view->scan(Family::meta, next, slot_begin(followed_directory_slot + 1), 1000, 1 << 20));
    if (!page) return tl::unexpected(page.error());
    for (const auto& pair : page->pairs) {
      batch.put(Family::meta, slot_begin(directory) + pair.key.substr(4), pair.value);
      next = pair.key + '\0';
    }
    more = page->more;
  }
  batch.append(copy->declare_whole(plan_.map.rows[directory].epoch - 1));
  return {};
}

Result<void> OfflineRecovery::carry_out(WallMicros now) {
  asio::io_context context;
  const auto acceptor = std::make_shared<Acceptor>(context.get_executor(), *store_, RegisterFaults{});
  auto step = run(acceptor->load());
  if (!step) return step;
  Batch batch = acceptor->begin_with(plan_.map);
  batch.put(Family::node, Bytes(map_key), encode_map(plan_.map));
  Bytes name(record_prefix);
  append_be64(name, static_cast<std::uint64_t>(now));
  batch.put(Family::node, std::move(name), record_of(*this, now));
  step = declare_copies_whole(batch);
  if (step && directory_from_replica_) step = take_directory_from_replica(batch);
  if (!step) return step;
  return run(store_->commit(std::move(batch)));
}

Task<Result<std::vector<std::string>>> past_recoveries(Store& store) {
  const auto view = store.snapshot();
  const auto page =
      co_await view->scan(Family::node, Bytes(record_prefix), prefix_end(record_prefix), 1000, 1 << 20);
  if (!page) co_return tl::unexpected(page.error());
  std::vector<std::string> records;
  for (const auto& pair : page->pairs) records.push_back(pair.value);
  co_return records;
}

}  // namespace gridmail
