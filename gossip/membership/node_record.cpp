#include "gossip/membership/node_record.hpp"

namespace gridmail {

void write_node(const NodeStatus& status, gossip::NodeRecord& record) {
  record.set_id(status.id.bytes());
  record.set_name(status.name);
  for (const auto& address : status.addresses) record.add_addresses(address);
  record.set_program_version(status.program_version);
  record.set_incarnation(status.incarnation);
  record.set_revision(status.revision);
  record.set_state(static_cast<std::uint32_t>(status.state));
  record.set_map_version(status.figures.map_version);
  record.set_load(status.figures.load);
  record.set_disk_free_bytes(status.figures.disk_free_bytes);
  record.set_old_disk(status.figures.old_disk);
  record.set_keeps_mail(status.figures.keeps_mail);
  record.set_duplicated(status.figures.duplicated);
  record.set_life(status.life);
}

std::optional<NodeStatus> read_node(const gossip::NodeRecord& record) {
  const auto id = NodeId::from_bytes(record.id());
  if (!id || record.state() > static_cast<std::uint32_t>(Liveness::dead)) return std::nullopt;
  NodeStatus status;
  status.id = *id;
  status.name = record.name();
  status.addresses.assign(record.addresses().begin(), record.addresses().end());
  status.program_version = record.program_version();
  status.incarnation = record.incarnation();
  status.revision = record.revision();
  status.state = static_cast<Liveness>(record.state());
  status.life = record.life();
  status.figures = {record.map_version(), record.load(),       record.disk_free_bytes(),
                    record.old_disk(),    record.keeps_mail(), record.duplicated()};
  return status;
}

}  // namespace gridmail
