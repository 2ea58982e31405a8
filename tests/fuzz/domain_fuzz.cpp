// Mail that leaves and what the DNS says of its domain: headers as DKIM signs them, rewritten senders, SPF.
#include <algorithm>
#include <string>

#include "node/services/dns/dns_answer_parser.hpp"
#include "node/services/dns/domain_records.hpp"
#include "node/services/dns/sender_policy.hpp"
#include "protocols/dkim/relaxed_form.hpp"
#include "protocols/dkim/signature.hpp"
#include "protocols/srs/sender_rewriting.hpp"

using namespace gridmail;

namespace {

const Bytes secret(32, 's');
constexpr WallMicros now = 1'700'000'000'000'000;

const dkim::SigningKey& key() {
  static SeededRandom random(1);
  static const auto made = dkim::SigningKey::generate(dkim::Algorithm::ed25519, random);
  return *made;
}

/// Whatever the header, the field is one: nothing of the message gets into it, and its lines are short.
void sign(BytesView header) {
  const auto field = dkim::signature_field(header, Bytes(32, 'h'), {"a.test", "s", now}, key());
  GRIDMAIL_ASSERT(field && field->ends_with("\r\n"));
  const auto read = mime::FieldReader(*field).next();
  GRIDMAIL_ASSERT(read && read->line.size() == field->size() && read->name == "DKIM-Signature");
}

/// The hash does not depend on how the body is cut.
void hash(BytesView body) {
  dkim::BodyHash whole, pieces;
  whole.feed(body);
  for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size % 7 + 1)
    pieces.feed(body.substr(at, size));
  GRIDMAIL_ASSERT(whole.finish() == pieces.finish());
}

/// What is rewritten leads back, and nothing else does.
void rewrite(std::string_view address) {
  GRIDMAIL_ASSERT(!srs::original_sender(address, secret, now));
  const auto rewritten = srs::rewritten_sender(address, "us.test", secret, now);
  if (!rewritten) return;
  GRIDMAIL_ASSERT(rewritten->find_first_of(" \r\n\"<>") == std::string::npos);
  const auto back = srs::original_sender(*rewritten, secret, now);
  GRIDMAIL_ASSERT(back && !back->empty());
  if (!srs::is_rewritten(address)) GRIDMAIL_ASSERT(*back == address);
}

void judge_answers(BytesView answer) {
  DomainFacts facts;
  facts.domain = "a.test";
  facts.hostname = "mx.a.test";
  facts.senders = {"203.0.113.9", "2001:db8::1"};
  facts.keys = {{"s._domainkey.a.test", "v=DKIM1; p=AAAA"}};
  DnsAnswers answers;
  for (const auto& [type, name] : first_questions(facts)) {
    std::vector<std::string> records;
    if (auto text = dns::parse_text(answer)) records.push_back(*text);
    if (auto host = dns::parse_pointer(answer)) records.push_back(*host);
    if (auto service = dns::parse_service(answer)) records.push_back(*service);
    records.emplace_back(answer);
    answers.add({type, name}, records);
  }
  (void)second_questions(facts, answers);
  for (const auto& record : judge(facts, answers)) GRIDMAIL_ASSERT(!record.name.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const auto rest = input.substr(1);
  switch (input.front() % 5) {
    case 0:
      sign(rest);
      break;
    case 1:
      hash(rest);
      break;
    case 2:
      rewrite(rest);
      break;
    case 3:
      (void)allowed_by(rest, "203.0.113.9", {"203.0.113.1"}, {"2001:db8::1"});
      break;
    default:
      judge_answers(rest);
  }
  return 0;
}
