#include "tests/simulator/mail_conversation.hpp"

#include <asio/error.hpp>
#include <asio/system_error.hpp>

namespace gridmail::sim {
namespace {

constexpr std::size_t text_shown_max = 120;

}  // namespace

Task<void> Conversation::send(std::string text) {
  on_said_("says " + text.substr(0, text_shown_max));
  co_await stream_->write(text);
}

Task<void> Conversation::read_more() {
  char piece[4096];
  stream_->expires_at(clock_.now() + patience_);
  const std::size_t count = co_await stream_->read_some(piece, sizeof piece);
  if (count == 0) throw asio::system_error(asio::error::eof);
  unread_.append(piece, count);
}

Task<std::string> Conversation::line() {
  std::size_t end = unread_.find("\r\n");
  while (end == std::string::npos) {
    co_await read_more();
    end = unread_.find("\r\n");
  }
  std::string taken = unread_.substr(0, end + 2);
  unread_.erase(0, end + 2);
  on_said_("hears " + taken.substr(0, text_shown_max));
  co_return taken;
}

Task<std::string> Conversation::bytes(std::size_t count) {
  while (unread_.size() < count) co_await read_more();
  std::string taken = unread_.substr(0, count);
  unread_.erase(0, count);
  co_return taken;
}

}  // namespace gridmail::sim
