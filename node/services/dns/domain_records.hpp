// What a domain needs in the DNS so that its mail arrives and is believed, and what is there. Pure.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "node/services/dns/record_search.hpp"

namespace gridmail {

struct DomainRecord {
  enum class State : std::uint8_t { present, missing, wrong, unknown };
  std::string purpose;
  std::string name;
  std::string type;
  std::string value;  ///< what should be there
  State state = State::unknown;
  std::vector<std::string> found;  ///< what is there
  std::string note;                ///< for people; may be empty
  bool required = true;            ///< otherwise it is advice
};
[[nodiscard]] std::string_view name_of(DomainRecord::State state);

/// What has to be known of grid and domain.
struct DomainFacts {
  struct Key {
    std::string record_name;
    std::string record;
    bool is_retired = false;
  };
  struct Service {
    std::string name;  ///< "_imaps._tcp"
    std::uint16_t port = 0;
  };
  std::string domain;
  std::string hostname;              ///< of this node, to the world
  std::string client_host;           ///< by which mail programs reach the grid; empty: no certificate says
  std::vector<std::string> senders;  ///< addresses that mail leaves from
  std::vector<Key> keys;
  std::vector<Service> services;
};

/// Answers by type and name. Of a name that does not exist: nothing is there.
class DnsAnswers {
 public:
  using Question = std::pair<RecordType, std::string>;
  void add(Question question, Result<std::vector<std::string>> answer);
  [[nodiscard]] bool is_known(RecordType type, const std::string& name) const;
  [[nodiscard]] std::vector<std::string> of(RecordType type, const std::string& name) const;

 private:
  std::map<Question, Result<std::vector<std::string>>> all_;
};

/// What to ask first, and what that answer makes to be asked.
[[nodiscard]] std::vector<DnsAnswers::Question> first_questions(const DomainFacts& facts);
[[nodiscard]] std::vector<DnsAnswers::Question> second_questions(const DomainFacts& facts,
                                                                 const DnsAnswers& answers);

/// Every record, by purpose.
[[nodiscard]] std::vector<DomainRecord> judge(const DomainFacts& facts, const DnsAnswers& answers);

}  // namespace gridmail
