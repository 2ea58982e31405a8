// A protocol's session whose log-ins and bytes are counted, without the session knowing.
#pragma once
#include <functional>
#include <memory>

#include "node/runtime/stream.hpp"
#include "node/statistics/traffic_meter.hpp"
#include "protocols/ports/directory.hpp"

namespace gridmail {

/// Counts a refused log-in: as the user's whom the login names, else as nobody's. Both outlive the call.
[[nodiscard]] Task<void> count_refused(TrafficMeter& meter, ports::Directory& directory, std::string login,
                                       TrafficProtocol protocol);

/// Runs one session; the directory lives as long as that.
using MeteredServe = std::function<Task<void>(std::unique_ptr<Stream>, ports::Directory&)>;

/// The meter, the clock and the directory outlive the session.
[[nodiscard]] Task<void> serve_metered(std::unique_ptr<Stream> stream, TrafficMeter& meter, Clock& clock,
                                       TrafficProtocol protocol, ports::Directory& directory,
                                       MeteredServe serve);

}  // namespace gridmail
