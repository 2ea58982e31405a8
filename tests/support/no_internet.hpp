// The Resolver and Dialer ports of a machine without connection.
#pragma once
#include "node/runtime/dialer.hpp"
#include "protocols/ports/resolver.hpp"

namespace gridmail::testing {

class NoInternet final : public ports::Resolver, public Dialer {
 public:
  [[nodiscard]] Task<Result<std::vector<ports::Exchanger>>> exchangers(std::string) override {
    co_return fail(Errc::unavailable, "no DNS here");
  }
  [[nodiscard]] Task<Result<std::vector<std::string>>> addresses(std::string) override {
    co_return fail(Errc::unavailable, "no DNS here");
  }
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(std::string, std::uint16_t,
                                                              TimePoint) override {
    co_return fail(Errc::io, "no network here");
  }
};

}  // namespace gridmail::testing
