#include "storage/directory/directory_client.hpp"

#include "storage/directory/record_codec.hpp"

namespace gridmail {

Bytes hash_of_secret(BytesView secret) {
  return blake2b(secret, 32);
}

Task<Result<AppliedChange>> DirectoryClient::change(directory::Change change) {
  if (change.guid().empty()) change.set_guid(draw_guid());
  if (!actor_.who().empty()) *change.mutable_actor() = actor_;
  if (expected_) *change.add_expected() = *expected_;
  if (would_change_) {
    directory::Change trial;
    trial.set_guid(change.guid());
    trial.mutable_try_change()->set_change(change.SerializeAsString());
    change = std::move(trial);
  }
  const auto map = slots_.map();
  if (!map) co_return fail(Errc::unavailable, "no map yet");
  const auto slot = map->directory_slot();
  const auto answer = co_await slots_.call(slot, ServiceId::directory, change.SerializeAsString());
  if (!answer) co_return tl::unexpected(answer.error());
  expected_.reset();  // the record is another by now
  const auto record = decode_record<directory::ChangeAnswer>(*answer);
  if (!record) co_return tl::unexpected(record.error());
  if (would_change_ && record->has_would_write()) would_change_(record->would_write());
  AppliedChange applied;
  for (const auto& bytes : record->lagging()) {
    if (const auto node = NodeId::from_bytes(bytes)) applied.lagging.push_back(*node);
  }
  co_return applied;
}

// None of these is a coroutine: the views they are given need not outlive the call.

Task<Result<AppliedChange>> DirectoryClient::add_domain(std::string name) {
  directory::Change record;
  record.mutable_add_domain()->set_name(std::move(name));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_domain(std::string name) {
  directory::Change record;
  record.mutable_remove_domain()->set_name(std::move(name));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::add_user(UserId id, std::string address,
                                                      std::string password_hash, bool can_log_in) {
  directory::Change record;
  auto& user = *record.mutable_add_user();
  user.set_id(id.bytes());
  user.set_address(std::move(address));
  user.set_password_hash(std::move(password_hash));
  user.set_can_log_in(can_log_in);
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::set_password_hash(UserId id, std::string password_hash) {
  directory::Change record;
  auto& user = *record.mutable_update_user();
  user.set_id(id.bytes());
  user.set_password_hash(std::move(password_hash));
  user.set_can_log_in(true);
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_user(UserId id) {
  directory::Change record;
  record.mutable_remove_user()->set_id(id.bytes());
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::add_alias(std::string alias, UserId user, bool replace) {
  directory::Change record;
  record.mutable_add_alias()->set_replace(replace);
  record.mutable_add_alias()->set_alias(std::move(alias));
  record.mutable_add_alias()->set_user(user.bytes());
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_alias(std::string alias) {
  directory::Change record;
  record.mutable_remove_alias()->set_alias(std::move(alias));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::set_postmaster(UserId user) {
  directory::Change record;
  record.mutable_set_postmaster()->set_user(user.bytes());
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::put_admin(std::string name, std::string password_hash,
                                                       bool replace) {
  directory::Change record;
  auto& admin = *record.mutable_put_admin();
  admin.set_name(std::move(name));
  admin.set_password_hash(std::move(password_hash));
  admin.set_replace(replace);
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_admin(std::string name) {
  directory::Change record;
  record.mutable_remove_admin()->set_name(std::move(name));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::add_token(BytesView secret, std::string name, std::string admin,
                                                       WallMicros expires, directory::Role role) {
  directory::Change record;
  auto& token = *record.mutable_add_token();
  token.set_id(hash_of_secret(secret));
  token.set_name(std::move(name));
  token.set_admin(std::move(admin));
  token.set_expires(expires);
  token.set_role(role);
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_token(Bytes id) {
  directory::Change record;
  record.mutable_remove_token()->set_id(std::move(id));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::add_join_token(BytesView secret, WallMicros expires) {
  directory::Change record;
  record.mutable_add_join_token()->set_id(hash_of_secret(secret));
  record.mutable_add_join_token()->set_expires(expires);
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::remove_join_token(Bytes id) {
  directory::Change record;
  record.mutable_remove_join_token()->set_id(std::move(id));
  return change(std::move(record));
}

Task<Result<AppliedChange>> DirectoryClient::use_join_token(BytesView secret, NodeId node) {
  directory::Change record;
  record.mutable_use_join_token()->set_id(hash_of_secret(secret));
  record.mutable_use_join_token()->set_node(node.bytes());
  return change(std::move(record));
}

}  // namespace gridmail
