// Connections of those who look addresses up: socketmap_table(5) and tcp_table(5) of Postfix. Nobody logs in,
// so these listeners are for the machine itself or a network of servers only; they tell which addresses there
// are.
#pragma once
#include <functional>

#include "node/base/clock.hpp"
#include "node/runtime/stream.hpp"
#include "protocols/ports/directory.hpp"

namespace gridmail::lookup {

enum class Protocol : std::uint8_t { socketmap, tcp_table };

struct Services {
  ports::Directory& directory;
  Clock& clock;
};

/// Serves the client until it leaves, says something that cannot be understood, or is silent for an hour;
/// then closes the stream. Only operation_aborted (cancellation) is thrown.
[[nodiscard]] Task<void> serve(Stream& stream, Services services, Protocol protocol);

}  // namespace gridmail::lookup
