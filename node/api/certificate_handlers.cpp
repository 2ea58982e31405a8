// Certificates that all nodes show to mail clients.
#include "node/api/body.hpp"
#include "node/api/handlers.hpp"
#include "node/api/json_response.hpp"
#include "node/api/paging.hpp"

namespace gridmail::api {
namespace {

constexpr std::size_t chain_bytes_max = 40 * 1024;
constexpr std::size_t key_bytes_max = 16 * 1024;

}  // namespace

Task<Response> list_certificates(GridControl& grid, Request request, Parameters) {
  const auto paging = Paging::of(request);
  if (!paging) co_return problem(paging.error());
  const auto rows = co_await grid.certificates();
  co_return paging->respond_part(rows, [](const auto& certificate) { return certificate.name; });
}

Task<Response> put_certificate(GridControl& grid, Request request, Parameters) {
  const auto body = Body::parse(request.body, {"certificate", "key"});
  if (!body) co_return problem(body.error());
  auto chain = body->text("certificate", chain_bytes_max);
  if (!chain) co_return problem(chain.error());
  auto key = body->text("key", key_bytes_max);
  if (!key) co_return problem(key.error());
  const auto applied = co_await grid.put_certificate(std::move(*chain), std::move(*key));
  co_return respond(applied);
}

Task<Response> remove_certificate(GridControl& grid, Request, Parameters parameters) {
  const auto applied = co_await grid.remove_certificate(parameters.at(0));
  co_return respond(applied);
}

}  // namespace gridmail::api
