#include "node/services/mailboxes/change_listener.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>

#include "storage/mailbox/mailbox.pb.h"

namespace gridmail::test {
namespace {

UserId user_of(char letter) {
  UserId user;
  user.value.fill(letter);
  return user;
}

Bytes push_of(UserId user, MailboxId mailbox, ModSeq highest) {
  mailbox::Push push;
  push.set_user(user.bytes());
  push.set_mailbox(mailbox);
  push.set_highest_modseq(highest);
  return push.SerializeAsString();
}

MapPtr map_with(std::vector<Epoch> epochs) {
  auto map = std::make_shared<Map>();
  for (const auto epoch : epochs) map->rows.emplace_back().epoch = epoch;
  return map;
}

struct Waiting {
  bool woken() {
    context.restart();
    context.poll();
    return event->is_set();
  }
  asio::io_context context;
  std::shared_ptr<Event> event = std::make_shared<Event>(context.get_executor());
};

TEST_CASE("a push wakes who listens to that mailbox and has not seen that MODSEQ") {
  ChangeListener listener;
  Waiting here, there, other, current;
  const auto a = listener.listen(0, user_of('a'), 1, 5, here.event);
  const auto b = listener.listen(0, user_of('a'), 1, 6, there.event);
  const auto c = listener.listen(0, user_of('a'), 2, 5, other.event);
  const auto d = listener.listen(0, user_of('b'), 1, 5, current.event);
  listener.on_push({}, push_of(user_of('a'), 1, 6));
  CHECK(here.woken());
  CHECK(!there.woken());
  CHECK(!other.woken());
  CHECK(!current.woken());
}

TEST_CASE("a new epoch of the slot wakes who listens there, and a registration ends with its owner") {
  ChangeListener listener;
  listener.on_map(map_with({1, 1}));
  Waiting first, second;
  const auto a = listener.listen(0, user_of('a'), 1, 5, first.event);
  auto b = listener.listen(1, user_of('b'), 1, 5, second.event);
  listener.on_map(map_with({1, 1}));
  CHECK(!first.woken());
  listener.on_map(map_with({2, 1}));
  CHECK(first.woken());
  CHECK(!second.woken());
  b.reset();
  CHECK(listener.size() == 1);
  listener.on_map(map_with({3, 3}));
  CHECK(!second.woken());
}

TEST_CASE("a push that cannot be read is dropped") {
  ChangeListener listener;
  Waiting waiting;
  const auto a = listener.listen(0, user_of('a'), 1, 5, waiting.event);
  listener.on_push({}, "\xff\xff");
  listener.on_push({}, "");
  CHECK(!waiting.woken());
}

}  // namespace
}  // namespace gridmail::test
