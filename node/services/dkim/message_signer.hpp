// MessageSigner: DKIM signatures for mail that is made or submitted here and leaves the grid.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "node/base/clock.hpp"
#include "node/runtime/worker_pool.hpp"
#include "protocols/dkim/signing_key.hpp"
#include "storage/directory/directory_view.hpp"
#include "storage/mailbox/message_body.hpp"

namespace gridmail {

/// Thread-safe; what it is given must outlive it. Keys are those of this node's replica of the directory, so
/// that every node signs; read ones are kept, by what they are. That a domain has none at all is believed for
/// a second.
class MessageSigner {
 public:
  /// This node, to whom private keys are sealed, and its own private key.
  struct Opener {
    NodeId self;
    Bytes seed;
  };
  /// Without workers it signs where it is called.
  MessageSigner(const DirectoryView& view, Clock& clock, WorkerPool* workers, Opener opener)
      : view_(view), clock_(clock), workers_(workers), opener_(std::move(opener)) {}

  /// The DKIM-Signature fields to be put in front of `fields` and `message`, which together are the message
  /// and outlive the call: one for each active key of the domain of From, or of the nearest domain above it
  /// that has one. Empty when there is none. Errors: io, corrupted; unavailable, also while a key is not
  /// sealed to this node yet.
  [[nodiscard]] Task<Result<std::string>> sign(BytesView fields, const MessageBody& message);

 private:
  struct Keys {
    std::string domain;
    std::vector<std::pair<std::string, dkim::SigningKey>> by_selector;
    bool some_inactive = false;  ///< which may be active the next moment
  };
  [[nodiscard]] Task<Result<Keys>> keys_for(std::string domain);
  /// Those of the domain, or of the nearest one above it that has an active one.
  [[nodiscard]] Task<Result<Keys>> look_up(std::string domain);
  [[nodiscard]] Result<dkim::SigningKey> read(const directory::DkimKey& record);

  const DirectoryView& view_;
  Clock& clock_;
  WorkerPool* workers_;
  const Opener opener_;
  std::mutex guard_;
  std::map<Bytes, dkim::SigningKey> read_keys_;  ///< by public key; bounded
  std::map<std::string, TimePoint> keyless_;     ///< domains, and until when that is believed; bounded
};

}  // namespace gridmail
