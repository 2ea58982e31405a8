#include "gossip/transport/stranger_call.hpp"

#include "gossip/transport/incoming_connections.hpp"
#include "gossip/transport/peer_hello.pb.h"
#include "node/runtime/timer.hpp"

namespace gridmail {
namespace {

Task<Result<Bytes>> exchange(PeerSocket socket, Bytes request) {
  transport::Hello hello;
  hello.set_version(1);
  hello.set_purpose(transport::Hello::STRANGER);
  Bytes frames;
  append_frame(frames, 0, hello.SerializeAsString());
  append_frame(frames, 0, request);
  const auto written = co_await write_bytes(*socket, frames);
  if (!written) co_return tl::unexpected(written.error());
  FrameReader reader;
  auto answer = co_await read_frame(*socket, reader, frame_bytes_max);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return std::move(answer->payload);
}

}  // namespace

Task<Result<Bytes>> call_stranger(Clock& clock, const TlsIdentity& identity,
                                  std::vector<std::string> addresses, NodeId expected, Bytes request,
                                  TimePoint deadline) {
  if (request.size() > stranger_bytes_max) co_return fail(Errc::too_large, "the request is too large");
  const PeerTls tls(identity);
  auto socket = co_await dial(clock, tls.client, std::move(addresses), expected, deadline);
  if (!socket) co_return tl::unexpected(socket.error());
  auto answer = co_await before(clock, deadline, exchange(*socket, std::move(request)));
  if (!answer) co_return fail(Errc::timed_out, "no answer in time");
  co_return std::move(*answer);
}

}  // namespace gridmail
