// SenderNotice: tells a message's sender what became of it, wherever the sender is.
#pragma once
#include <memory>
#include <string>

#include "node/services/directory/recipient_search.hpp"
#include "node/services/dkim/message_signer.hpp"
#include "protocols/ports/directory.hpp"
#include "storage/queue/queue_client.hpp"
#include "storage/queue/remote_delivery.hpp"
#include "storage/queue/user_delivery.hpp"

namespace gridmail {

/// Thread-safe, without state of its own; the ports outlive it.
class SenderNotice {
 public:
  struct Ports {
    ports::Directory& directory;
    UserDelivery& users;
    QueueClient& queue;
    TraceSink& trace;
    std::string hostname;
    MessageSigner* signer = nullptr;          ///< of what is told to somebody elsewhere
    const RecipientSearch* search = nullptr;  ///< of who gets a forwarding user's mail
  };
  explicit SenderNotice(Ports ports) : ports_(std::move(ports)) {}

  /// Once for each GUID of a report, however often it is called. Errors: temporary ones; any other: there is
  /// nobody to tell.
  [[nodiscard]] Task<Result<void>> tell(std::shared_ptr<const RemoteDelivery::Reporting> what);

 private:
  /// Once for each `guid`, to all whom `recipients` name, as an entry of the queue.
  [[nodiscard]] Task<Result<void>> enqueue(Guid guid, queue::Message message,
                                           std::vector<queue::Recipient> recipients, const MessageBody& body);
  [[nodiscard]] Task<Result<std::vector<queue::Recipient>>> expand(std::string address, Guid guid) const;
  [[nodiscard]] Task<Result<void>> deliver(std::shared_ptr<const RemoteDelivery::Reporting> what);
  void note_told(const RemoteDelivery::Reporting& what);

  Ports ports_;
};

}  // namespace gridmail
