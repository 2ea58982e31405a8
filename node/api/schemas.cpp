#include "node/api/schemas.hpp"

namespace gridmail::api {
namespace {

constexpr Schema table[] = {
    {"Problem", "type:text title:text status:count code:text detail:text"},
    {"Done", "done:flag"},
    {"Begun", "done:flag job:text|null"},
    {"Applied", "not_yet_on:id[]"},
    {"ChangedAddress", "address:text not_yet_on:id[]"},
    {"ChangedName", "name:text not_yet_on:id[]"},
    {"ChangedDomain", "domain:text not_yet_on:id[]"},
    {"ChangedKey", "domain:text selector:text not_yet_on:id[]"},
    {"Trial", "dry_run:flag changes:TriedChange[] effects:text[]"},
    {"TriedChange", "verb:text object:text before:text after:text"},

    {"Status",
     "verdict:'healthy'|'degraded'|'unavailable' reasons:text[] notices:text[] grid:id node:id "
     "map_version:count slots:count copies:count copies_min:count nodes:Node[] scrub:Scrub"},
    {"Node",
     "id:id name:text state:'alive'|'suspect'|'dead' member_state:'active'|'draining'|'leaving' zone:text "
     "weight:count maintenance_until:time|null voter:flag addresses:text[] version:text map_version:count "
     "load:number disk_free_bytes:count"},
    {"Scrub",
     "slots_due:count slots_waiting:count slot:count|null oldest:time|null keys:count bytes:count "
     "mended:count "
     "last_mended:MendedKey[] lost:LostRecords[]"},
    {"MendedKey", "slot:count key:text at:time"},
    {"LostRecords", "slot:count what:text"},
    {"FiguresQuery", "window?:'hour'|'day'"},
    {"Figures", "window:'hour'|'day' span_seconds:count nodes:NodeFigures[] silent:id[] spans:Spans"},
    {"NodeFigures",
     "id:id end:integer sessions:count load:number disk_free_bytes:count disk_full_in_days:count|null "
     "clock_ahead_ms:integer|null"},
    {"Millis", "=count|null"},
    {"Spans",
     "end:integer[] received:count[] deferred:count[] refused:count[] delivered:count[] queued:count[] "
     "taken_in:count[] log_ins:count[] wrong_passwords:count[] smtp_p50_ms:Millis[] smtp_p99_ms:Millis[] "
     "imap_p50_ms:Millis[] imap_p99_ms:Millis[] smtp_sessions:count[] imap_sessions:count[] "
     "pop3_sessions:count[] load_max:number[]"},
    {"StatisticsQuery", "by?:'protocol'|'domain'|'user' from?:date to?:date of?:text protocol?:text"},
    {"StatisticsRow",
     "day:date domain?:text user?:text protocol:text log_ins:count refused_log_ins:count bytes_in:count "
     "bytes_out:count"},
    {"Chronicle", "events:ChronicleEvent[] silent:id[]"},
    {"ChronicleEvent", "at:time what:text node:id name:text slots:count by:id[] seen_by:count"},
    {"Successor", "with:text"},
    {"Weight", "weight:count"},
    {"Zone", "zone:text"},
    {"Maintenance", "seconds:count"},
    {"Settings", "copies:count copies_min:count limits:text postmaster:text scrub_days:count"},
    {"SettingsChange", "copies?:count copies_min?:count limits?:text postmaster?:text scrub_days?:count"},
    {"UserSettings", "address:text forward_to:text[] forward_only:flag delegates:text[]"},
    {"ConfigVersion", "id:count at:time who:text|null changes:count"},
    {"ConfigDifference", "id:count at:time who:text|null changes:count diff:text"},
    {"NewConfigVersion", "diff:text"},
    {"Job",
     "id:text kind:text node:id|null state:'running'|'paused'|'waiting'|'done' waits_for:text|null "
     "progress:number slots_done:count slots_total:count begun:time ended:time|null seconds_left:count|null "
     "run_by:id[]"},
    {"NewJoinToken", "ttl_seconds?:count current?:text"},
    {"JoinToken", "token:text expires:time"},
    {"OpenJoinToken", "id:id created:time expires:time"},
    {"Map", "version:count nodes:id[] slots:MapSlot[]"},
    {"MapSlot", "epoch:count primary:integer in_sync:count[] joining:count[] retired:count[]"},
    {"Slot", "slot:count|'directory' epoch:count primary:id|null in_sync:id[] joining:id[] retired:id[]"},
    {"Keys", "phase:'settled'|'installing'|'replacing' keys:text[] map_version:count nodes:KeyNode[]"},
    {"KeyNode", "id:id name:text state:'alive'|'suspect'|'dead' has_keys:flag"},
    {"Certificate",
     "name:text names:text[] issuer:text not_before:time not_after:time fingerprint:text created:time"},
    {"NewCertificate", "certificate:text key:text"},

    {"Role", "='user'|'viewer'|'operator'|'admin'"},
    {"LogIn", "user:text password:text"},
    {"Session", "name:text role:Role account:text may:text[] csrf:text|null"},
    {"NewSession", "name:text role:Role account:text may:text[] csrf:text expires:time"},
    {"OpenSession", "id:id account:text role:Role address:text|null created:time expires:time current:flag"},
    {"NewToken", "name:text role:Role expires_seconds?:count current?:text"},
    {"Token", "name:text role:Role owner:text created:time expires:time|null"},
    {"MadeToken", "name:text role:Role owner:text created:time expires:time|null token:text not_yet_on:id[]"},
    {"Admin", "name:text created:time password_set:time"},
    {"NewAdmin", "name:text password:text current?:text"},
    {"NewPassword", "password:text current?:text"},
    {"AuditEntry",
     "id:count at:time who:text|null address:text|null node:id|null verb:text object:text before:text "
     "after:text"},

    {"User", "id:id address:text created:time role:Role"},
    {"UserDetails",
     "id:id address:text created:time role:Role aliases:text[] messages:count|null bytes:count|null "
     "last_log_in:{time}"},
    {"NewUser", "address:text password?:text password_hash?:text"},
    {"NewUsers", "users:NewUser[]"},
    {"AddedUser", "id:id address:text not_yet_on:id[]"},
    {"UserOutcome", "id?:id address:text not_yet_on?:id[] error?:UserError"},
    {"UserError", "code:text detail:text"},
    {"RoleOfUser", "role:Role current?:text"},
    {"AppPassword", "name:text protocols:text[] created:time"},
    {"NewAppPassword", "name:text protocols:text[] current?:text"},
    {"MadeAppPassword", "address:text name:text password:text not_yet_on:id[]"},
    {"Location",
     "slot:count epoch:count primary:id|null in_sync:id[] joining:id[] retired:id[] names:{text}"},
    {"LookupQuery", "key:text"},
    {"Lookup", "key:text value:text servers?:{Server}"},
    {"Server", "node:id host:text port:count"},
    {"Domain", "name:text users:count alias_of:text|null catch_all:text|null"},
    {"NewDomain", "name:text alias_of?:text"},
    {"Alias", "address:text target:text"},
    {"AliasTarget", "target:text"},
    {"DnsRecords", "domain:text records:DnsRecord[]"},
    {"DnsRecord",
     "purpose:text name:text type:text value:text state:'present'|'missing'|'wrong'|'unknown' found:text[] "
     "note:text required:flag"},
    {"CatchAll", "address:text"},
    {"List", "address:text members:text[]"},
    {"NewList", "address:text members?:text[]"},
    {"ListChange", "add?:text[] remove?:text[]"},
    {"Forwarding", "address:text to:text[] only:flag"},
    {"NewForwarding", "to?:text[] only?:flag"},
    {"Delegates", "address:text delegates:text[]"},
    {"NewDelegates", "delegates?:text[]"},
    {"DkimKey",
     "domain:text selector:text algorithm:'rsa'|'ed25519' state:text created:time record_name:text "
     "record:text"},
    {"NewDkimKey", "algorithm?:'rsa'|'ed25519' selector?:text"},
    {"MadeDkimKey",
     "domain:text selector:text algorithm:'rsa'|'ed25519' state:text created:time record_name:text "
     "record:text not_yet_on:id[]"},

    {"QueueQuery", "destination?:text sender?:text"},
    {"QueueEntry",
     "id:id sender:text recipients:text[] bytes:count accepted:time next_attempt:time|null attempts:count "
     "held:flag last_error:text"},
    {"QueueSummary",
     "entries:count held:count oldest:time|null slots:count slots_counted:count "
     "destinations:WaitingDestination[] silent:id[]"},
    {"WaitingDestination", "destination:text entries:count oldest:time|null attempts:count last_error:text"},
    {"QueueChoice", "destination?:text sender?:text from_slot?:count"},
    {"QueueActed", "entries:count next_slot?:count"},
    {"Trace", "events:TraceEvent[] silent:id[]"},
    {"TraceEvent",
     "at:time node:id what:text id:text connection:text entry:text message_id:text sender:text "
     "recipients:text[] host:text detail:text"},
    {"Route", "domain:text via:text tls:'opportunistic'|'required'"},
    {"NewRoute", "via:text tls?:'opportunistic'|'required'"},
};

}  // namespace

std::span<const Schema> schemas() {
  return table;
}

}  // namespace gridmail::api
