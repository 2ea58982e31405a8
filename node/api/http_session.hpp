// One client of the HTTP API: reads requests from its stream, answers them in order, closes it.
#pragma once
#include <memory>

#include "node/api/grid_control.hpp"
#include "node/runtime/stream.hpp"

namespace gridmail::api {

/// A session for node/runtime/tcp_server. Returns when the client is done, idle for 30 s, or broke the
/// protocol (which is answered first). Throws asio::system_error when the stream breaks or the task is
/// cancelled. `grid` and `clock` outlive it.
[[nodiscard]] Task<void> serve_http(std::unique_ptr<Stream> stream, GridControl& grid, Clock& clock);

}  // namespace gridmail::api
