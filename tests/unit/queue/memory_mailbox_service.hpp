// The mailbox service as delivery sees it: users, staged chunks, and messages taken once per GUID.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/mailbox/mailbox.pb.h"
#include "storage/replication/slot_access.hpp"

namespace gridmail::test {

class MemoryMailboxService final : public SlotService {
 public:
  struct Delivered {
    Guid guid;
    Bytes prefix;
    Bytes body;
    Bytes structure;
  };
  void add_user(UserId user) { users_.insert(user); }
  [[nodiscard]] bool has_user(UserId user) const { return users_.contains(user); }
  [[nodiscard]] const std::vector<Delivered>& delivered_to(UserId user) { return delivered_[user]; }
  /// How often a message was offered again under a GUID that had been taken.
  [[nodiscard]] std::size_t repeats() const { return repeats_; }
  void fail_with(std::optional<Errc> code) { failure_ = code; }

  [[nodiscard]] Task<Result<Bytes>> handle(SlotAccessPtr slot, NodeId, Bytes bytes) override {
    if (auto may = slot->may_answer(); !may) co_return tl::unexpected(may.error());
    if (failure_) co_return fail(*failure_, "injected fault");
    mailbox::Request request;
    if (!request.ParseFromString(bytes)) co_return fail(Errc::invalid);
    const auto user = UserId::from_bytes(request.user());
    mailbox::Answer answer;
    answer.mutable_done();
    if (request.has_create_user()) {
      users_.insert(*user);
    } else if (request.has_remove_user()) {
      users_.erase(*user);
    } else if (!users_.contains(*user)) {
      co_return fail(Errc::not_found, "user");
    } else if (request.has_stage_chunk()) {
      const auto& chunk = request.stage_chunk();
      staged_[chunk.email()][chunk.index()] = chunk.content();
    } else if (request.has_add()) {
      add(*user, request);
      answer.mutable_added()->set_uid(static_cast<std::uint32_t>(delivered_[*user].size()));
    } else {
      co_return fail(Errc::unsupported);
    }
    co_return answer.SerializeAsString();
  }

 private:
  void add(UserId user, const mailbox::Request& request) {
    const auto guid = *Guid::from_bytes(request.guid());
    if (!taken_[user].insert(guid).second) {
      ++repeats_;
      return;
    }
    Delivered message{guid, request.add().prefix(), {}, request.add().structure()};
    for (const auto& chunk : request.add().chunks()) message.body += chunk;
    if (request.add().chunks_size() == 0) {
      for (const auto& [index, chunk] : staged_[request.add().email()]) message.body += chunk;
    }
    delivered_[user].push_back(std::move(message));
  }

  std::set<UserId> users_;
  std::map<UserId, std::set<Guid>> taken_;
  std::map<UserId, std::vector<Delivered>> delivered_;
  std::map<Bytes, std::map<std::uint32_t, Bytes>> staged_;
  std::optional<Errc> failure_;
  std::size_t repeats_ = 0;
};

}  // namespace gridmail::test
