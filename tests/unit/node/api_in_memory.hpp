// Requests to the HTTP API over a grid in memory, answered without a socket.
#pragma once
#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "node/api/json_views.hpp"
#include "node/api/router.hpp"
#include "tests/unit/node/grid_in_memory.hpp"

namespace gridmail::testing {

/// Asks as an administrator on this machine, unless told otherwise.
struct Api {
  GridInMemory grid;
  std::string authorization = "Bearer the-token";
  bool secure = false, loopback = true;
  std::string peer;
  std::vector<std::pair<std::string, std::string>> fields;

  api::Response call(api::Method method, std::string path, std::string body = {}) {
    api::Request request;
    request.method = method;
    const auto question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) request.query = path.substr(question + 1);
    request.body = std::move(body);
    request.authorization = authorization;
    request.peer_address = peer;
    request.fields = fields;
    request.is_secure = secure;
    request.peer_is_loopback = loopback;
    asio::io_context context;
    api::Response response;
    asio::co_spawn(context, api::answer(grid, std::move(request)),
                   [&](std::exception_ptr thrown, api::Response answered) {
                     REQUIRE(!thrown);
                     response = std::move(answered);
                   });
    context.run();
    return response;
  }
  api::Json get(std::string path) { return api::Json::parse(call(api::Method::get, std::move(path)).body); }
};

}  // namespace gridmail::testing
