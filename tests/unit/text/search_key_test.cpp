#include "protocols/text/search_key.hpp"

#include <doctest/doctest.h>

using namespace gridmail::text;

TEST_CASE("a key is found without regard to case") {
  CHECK(SearchKey("hello").found_in("Say HELLO now"));
  CHECK(SearchKey("HELLO").found_in("hello"));
  CHECK_FALSE(SearchKey("hello").found_in("hell"));
  CHECK(SearchKey("").found_in(""));
  CHECK(SearchKey("\xc3\x89t\xc3\xa9").found_in("un \xc3\xa9T\xc3\x89 chaud"));
  CHECK(SearchKey("stra\xc3\x9f"
                  "e")
            .found_in("STRASSE"));
  CHECK(
      SearchKey("strasse").found_in("Stra\xc3\x9f"
                                    "e"));
}

TEST_CASE("composed and decomposed text is the same") {
  CHECK(SearchKey("caf\xc3\xa9").found_in("cafe\xcc\x81"));
  CHECK(SearchKey("cafe\xcc\x81").found_in("CAF\xc3\x89"));
}

TEST_CASE("an ASCII key is found in text that is not") {
  CHECK(SearchKey("noon").found_in("caf\xc3\xa9 at NOON"));
  CHECK_FALSE(SearchKey("caf\xc3\xa9").found_in("cafe"));
}

TEST_CASE("a match across the slices of a long text is found") {
  for (std::size_t before = 64 * 1024 - 8; before < 64 * 1024 + 8; ++before) {
    CHECK(SearchKey("needle").found_in(std::string(before, 'x') + "NeedLe" + std::string(100, 'y')));
  }
  CHECK_FALSE(SearchKey("needle").found_in(std::string(200'000, 'n')));
  const std::string long_key(100'000, 'a');
  CHECK(SearchKey(long_key).found_in(std::string(1'000'000, 'A')));
  CHECK_FALSE(SearchKey(long_key + 'b').found_in(std::string(1'000'000, 'A')));
}

TEST_CASE("text that is not UTF-8 is searched all the same") {
  CHECK(SearchKey("noon").found_in("caf\xe9 at NOON"));
}
