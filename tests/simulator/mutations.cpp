#include "tests/simulator/mutations.hpp"

#include "gossip/message_kind.hpp"
#include "gossip/register/register.pb.h"
#include "storage/replication/replication.pb.h"

namespace gridmail::sim {
namespace {

using namespace std::chrono_literals;
using Apply = std::function<void(WorldOptions&)>;

Apply rule(bool DeliberateFaults::*flag) {
  return [flag](WorldOptions& options) { options.core.replication.sabotage.*flag = true; };
}

using Loses = bool (*)(Family family, const Bytes& key);
/// No disk ever keeps such a record.
Apply lost(Loses loses) {
  return [loses](WorldOptions& options) { options.disks.loses = loses; };
}

constexpr std::size_t slot_bytes = 4;
constexpr std::size_t user_bytes = slot_bytes + 1 + 16;

bool is_log_entry(Family family, const Bytes& key) {
  return family == Family::log && key.size() > slot_bytes && key[slot_bytes] == 'L';
}
bool is_intake(Family family, const Bytes& key) {
  return family == Family::node && key.starts_with("intake/");
}
bool is_mail_guid(Family family, const Bytes& key) {
  return family == Family::meta && key.size() > user_bytes && key[slot_bytes] == 'u' &&
         key[user_bytes] == 'G';
}

void forget_accepted(std::uint16_t kind, Bytes& payload) {
  gossip::RegisterMessage message;
  if (kind != static_cast<std::uint16_t>(MessageKind::register_call) || !message.ParseFromString(payload))
    return;
  if (!message.has_promise()) return;
  message.mutable_promise()->clear_accepted_ballot();
  message.mutable_promise()->clear_accepted_digest();
  message.mutable_promise()->clear_accepted_map();
  payload = message.SerializeAsString();
}

using Change = bool (*)(replication::SlotMessage& message);
/// What nodes say of slots is changed where `change` says so.
Apply altered(Change change) {
  return [change](WorldOptions& options) {
    options.tamper = [change](std::uint16_t kind, Bytes& payload) {
      replication::SlotMessage message;
      if (kind != static_cast<std::uint16_t>(MessageKind::slot) || !message.ParseFromString(payload)) return;
      if (change(message)) payload = message.SerializeAsString();
    };
  };
}

bool claim_whole(replication::SlotMessage& message) {
  if (!message.has_opened()) return false;
  message.mutable_opened()->set_whole(true);
  return true;
}
bool shorten_piece(replication::SlotMessage& message) {
  if (!message.has_fill_chunk() || message.fill_chunk().writes().empty()) return false;
  message.mutable_fill_chunk()->mutable_writes()->RemoveLast();
  return true;
}
bool acknowledge_more(replication::SlotMessage& message) {
  if (!message.has_acknowledge()) return false;
  message.mutable_acknowledge()->set_sequence(message.acknowledge().sequence() + 1);
  return true;
}

constexpr const char* any_mix = "a random mix of faults";

}  // namespace

const std::vector<Mutation>& mutations() {
  static const std::vector<Mutation> all{
      {"no_fence", "copies take entries of any epoch", rule(&DeliberateFaults::no_fence),
       "of three copies one hears nothing, but is heard"},
      {"primary_first", "the primary applies before the others have it",
       rule(&DeliberateFaults::primary_first), "another copy crashes and returns"},
      {"no_lease_wait", "copies serve a new primary at once", rule(&DeliberateFaults::no_lease_wait),
       "a copy that was stopped takes over from a primary that lives"},
      {"no_read_lease", "primaries answer without a lease", rule(&DeliberateFaults::no_read_lease),
       "the grid is cut in two and heals"},
      {"long_lease", "leases are used for longer than they are given",
       [](WorldOptions& options) { options.core.leases.held = 9s; }, "the grid is cut in two and heals"},
      {"endless_lent", "leases that came with an opening never end", rule(&DeliberateFaults::endless_lent),
       "the grid is cut in two and heals"},
      {"resume", "a restarted primary goes on in its old epoch", rule(&DeliberateFaults::resume),
       "everything at once"},
      {"no_joining_ack", "commits do not wait for joining copies", rule(&DeliberateFaults::no_joining_ack),
       "the grid grows from one node to three"},
      {"early_whole", "a joining copy is named in sync before its gap is closed",
       rule(&DeliberateFaults::early_whole), "a node is gone for good and a blank one takes its place"},
      {"ignore_refusal", "a primary removes a copy that knows more than it does",
       rule(&DeliberateFaults::ignore_refusal),
       "a copy comes back at once and has forgotten what it acknowledged"},
      {"trust_old_disks", "what an old disk holds counts", rule(&DeliberateFaults::trust_old_disks),
       "an old backup of a disk is put back"},
      {"combine_early", "what is left is combined before all that is left has answered",
       rule(&DeliberateFaults::combine_early),
       "the last copy in sync is lost for good, and what is left is combined"},
      {"trust_suspects", "a copy on a damaged disk may be primary like any other",
       rule(&DeliberateFaults::trust_suspects), "a disk's log is damaged before its end"},
      {"no_scrub", "copies are never compared", rule(&DeliberateFaults::no_scrub),
       "records of one copy become others unnoticed"},
      {"no_mending", "a copy that lost records counts without being compared",
       rule(&DeliberateFaults::no_mending), "records rot on one node after the other"},
      {"serve_damaged", "a primary that lost records serves before the other copies were asked for them",
       rule(&DeliberateFaults::serve_damaged), "records rot in both copies of a slot"},
      {"early_answer", "disks answer before they have written",
       [](WorldOptions& options) { options.disks.answers_early = true; },
       "all nodes lose power and return one by one"},
      {"holes", "disks write on after a write has failed",
       [](WorldOptions& options) { options.disks.writes_on = true; },
       "mail while disks fail in the middle of writes and work again at once"},
      {"lost_log", "copies forget over a restart which keys were touched", lost(is_log_entry), any_mix},
      {"whole_at_once", "joining and retired copies say at each opening that they hold all",
       altered(claim_whole), "a node is gone for good and a blank one takes its place"},
      {"short_pieces", "what a joining copy is sent lacks a key", altered(shorten_piece),
       "a node is gone for good and a blank one takes its place"},
      {"more_than_held", "copies acknowledge one entry more than they hold", altered(acknowledge_more),
       any_mix},
      {"forgetful_voters", "voters do not tell what they have accepted",
       [](WorldOptions& options) { options.tamper = forget_accepted; },
       "of three copies one hears nothing, but is heard"},
      {"no_joint", "a change of voters is agreed by those after it alone",
       [](WorldOptions& options) { options.core.map_register.sabotage.no_joint = true; },
       "voters are replaced while the grid is cut in two"},
      {"lost_guids", "mailboxes forget which deliveries they took", lost(is_mail_guid),
       "mail under a random mix of faults"},
      {"lost_intake", "the two nodes that took a message in forget it over a restart", lost(is_intake),
       "mail under a random mix of faults"},
  };
  return all;
}

const Mutation* mutation(std::string_view name) {
  for (const auto& one : mutations()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace gridmail::sim
