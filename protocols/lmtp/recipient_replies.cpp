#include "protocols/lmtp/recipient_replies.hpp"

#include "protocols/smtp/reply_mapping.hpp"

namespace gridmail::lmtp {

void append_replies(std::string& out, const std::vector<std::size_t>& accepted,
                    const std::vector<Result<void>>& results, const std::string& message_id) {
  for (const std::size_t index : accepted) {
    GRIDMAIL_ASSERT(index < results.size());
    const auto& result = results[index];
    if (result) {
      smtp::append_to(out, {250, "2.1.5", "message " + message_id + " is stored"});
    } else {
      smtp::append_to(out, smtp::message_refused(result.error()));
    }
  }
}

}  // namespace gridmail::lmtp
