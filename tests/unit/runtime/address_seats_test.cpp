#include "node/runtime/address_seats.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace gridmail;

TEST_CASE("an address has its seats, and gives them back") {
  AddressSeats seats;
  std::vector<std::shared_ptr<void>> held;
  for (int i = 0; i < 3; ++i) held.push_back(seats.take("192.0.2.7", 3));
  CHECK(held.back());
  CHECK_FALSE(seats.take("192.0.2.7", 3));
  CHECK_FALSE(seats.take("::ffff:192.0.2.7", 3));
  CHECK(seats.take("192.0.2.8", 3));
  held.pop_back();
  CHECK(seats.take("192.0.2.7", 3));
  CHECK_FALSE(seats.take("192.0.2.7", 2));
}

TEST_CASE("the addresses of an IPv6 network share their seats") {
  AddressSeats seats;
  const auto first = seats.take("2001:db8:0:1::1", 1);
  CHECK(first);
  CHECK_FALSE(seats.take("2001:db8:0:1:ffff::2", 1));
  CHECK(seats.take("2001:db8:0:2::1", 1));
}

TEST_CASE("a seat may outlive the count") {
  std::shared_ptr<void> seat;
  {
    AddressSeats seats;
    seat = seats.take("192.0.2.7", 1);
  }
  CHECK(seat);
  seat.reset();
}
