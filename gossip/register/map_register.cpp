#include "gossip/register/map_register.hpp"

#include <asio/associated_executor.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "gossip/register/register_service.hpp"

namespace gridmail {

MapRegister::MapRegister(asio::any_io_executor executor, Clock& clock, Random& random, Network& network,
                         Store& store, const DiskMarks& marks, NodeId self, Callbacks callbacks,
                         RegisterSettings settings)
    : executor_(executor),
      service_(std::make_shared<RegisterService>(executor, clock, random, network, store, marks, self,
                                                 std::move(callbacks), settings)) {}

// The last hold is let go on the strand, where nothing else of it can be running.
MapRegister::~MapRegister() {
  asio::post(executor_, [service = std::move(service_)] {});
}

Task<Result<void>> MapRegister::load() {
  return service_->load();
}
Task<Result<void>> MapRegister::create(Map map) {
  return service_->create(std::move(map));
}
Task<Result<void>> MapRegister::adopt(Map map) {
  return service_->adopt(std::move(map));
}

void MapRegister::start() {
  asio::post(executor_, [service = service_] { service->start(); });
}
void MapRegister::stop() {
  asio::post(executor_, [service = service_] { service->stop(); });
}

MapPtr MapRegister::current() const {
  return service_->current();
}
MapPtr MapRegister::accepted() const {
  return service_->accepted();
}
MapVersion MapRegister::accepted_version() const {
  const auto map = service_->accepted();
  return map ? map->version : 0;
}

void MapRegister::propose(MapChange change, Done done) {
  asio::post(executor_, [service = service_, change = std::move(change), done = std::move(done)]() mutable {
    service->propose(std::move(change), std::move(done));
  });
}

Task<Result<MapPtr>> MapRegister::propose(MapChange change) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<MapPtr>)>(
      [this](auto handler, MapChange wanted) {
        // std::function wants copies; the handler is move-only, so it travels in a shared_ptr.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        propose(std::move(wanted), [shared](Result<MapPtr> result) {
          const auto executor = asio::get_associated_executor(*shared);
          asio::post(executor,
                     [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
        });
      },
      asio::use_awaitable, std::move(change));
}

void MapRegister::on_message(NodeId from, Bytes payload) {
  asio::post(executor_, [service = service_, from, payload = std::move(payload)] {
    service->on_message(from, payload);
  });
}

void MapRegister::fetch_from(NodeId node) {
  asio::post(executor_, [service = service_, node] { service->fetch_from(node); });
}

}  // namespace gridmail
