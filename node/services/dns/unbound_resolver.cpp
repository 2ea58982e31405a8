#include "node/services/dns/unbound_resolver.hpp"

#include <unbound.h>

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/use_awaitable.hpp>

#include "node/base/log.hpp"
#include "node/runtime/timer.hpp"
#include "node/services/dns/dns_answer_parser.hpp"

namespace gridmail {
namespace {

constexpr int type_a = 1, type_ptr = 12, type_mx = 15, type_txt = 16, type_aaaa = 28, type_srv = 33,
              class_in = 1;
constexpr int rcode_no_error = 0, rcode_name_error = 3;
constexpr Duration answer_max = std::chrono::seconds(30);
constexpr std::size_t records_max = 64;

int number_of(RecordType type) {
  return type == RecordType::txt ? type_txt : type == RecordType::srv ? type_srv : type_ptr;
}

std::optional<std::string> text_of(RecordType type, BytesView record) {
  if (type == RecordType::txt) return dns::parse_text(record);
  return type == RecordType::srv ? dns::parse_service(record) : dns::parse_pointer(record);
}

}  // namespace

struct UnboundResolver::Answer {
  std::vector<Bytes> records;
};

/// Shared by who asks and libunbound, which holds it by a pointer of its own until it answers or is told not
/// to.
struct UnboundResolver::Question {
  explicit Question(const asio::any_io_executor& executor) : answered(std::make_shared<Event>(executor)) {}
  std::shared_ptr<Event> answered;
  Result<Answer> outcome = fail(Errc::unavailable, "no answer from the DNS in time");
};

UnboundResolver::UnboundResolver(asio::any_io_executor executor, Clock& clock, std::vector<HostPort> servers)
    : strand_(asio::make_strand(executor)), clock_(clock), servers_(std::move(servers)), ready_(strand_) {}

UnboundResolver::~UnboundResolver() {
  if (ready_.is_open()) ready_.release();  // the descriptor is libunbound's
  if (context_ != nullptr) ub_ctx_delete(context_);
}

Task<void> UnboundResolver::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

Result<void> UnboundResolver::open() {
  if (context_ != nullptr) return {};
  auto* const context = ub_ctx_create();
  if (context == nullptr) return fail(Errc::unavailable, "no resolver");
  int error = ub_ctx_async(context, 1);  // a thread, not a process
  if (error == 0) error = ub_ctx_hosts(context, nullptr);
  for (const auto& server : servers_) {
    const auto address = server.host + "@" + std::to_string(server.port);
    if (error == 0) error = ub_ctx_set_fwd(context, address.c_str());
    if (error == 0) error = ub_ctx_set_option(context, "do-not-query-localhost:", "no");
  }
  if (error == 0 && servers_.empty()) error = ub_ctx_resolvconf(context, nullptr);
  // Unbound itself denies that there is a "test." (RFC 6761, section 6.2); whoever asks servers of their own
  // may have one.
  if (error == 0) error = ub_ctx_zone_remove(context, "test.");
  if (error != 0) {
    ub_ctx_delete(context);
    return fail(Errc::unavailable, std::string("resolver: ") + ub_strerror(error));
  }
  context_ = context;
  ready_.assign(ub_fd(context));
  tasks_.spawn(strand_, "fetch answers", fetch_answers());
  return {};
}

Task<void> UnboundResolver::fetch_answers() {
  for (;;) {
    co_await ready_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    if (const int error = ub_process(context_); error != 0)
      log(Level::warn, "dns.failed", {{"error", ub_strerror(error)}});
  }
}

void UnboundResolver::take_answer(void* asked, int error, ub_result* result) {
  const std::unique_ptr<std::shared_ptr<Question>> handle(static_cast<std::shared_ptr<Question>*>(asked));
  const std::unique_ptr<ub_result, void (*)(ub_result*)> owned(result, ub_resolve_free);
  auto& question = **handle;
  if (error != 0) {
    question.outcome = fail(Errc::unavailable, std::string("DNS: ") + ub_strerror(error));
  } else if (result->bogus != 0) {
    question.outcome = fail(Errc::unavailable, "DNS: the answer's signatures are wrong");
  } else if (result->rcode == rcode_name_error) {
    question.outcome = fail(Errc::not_found, "the name does not exist");
  } else if (result->rcode != rcode_no_error) {
    question.outcome =
        fail(Errc::unavailable, "DNS: the servers failed (rcode " + std::to_string(result->rcode) + ")");
  } else {
    Answer answer;
    for (std::size_t i = 0; result->data[i] != nullptr && i < records_max; ++i)
      answer.records.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
    question.outcome = std::move(answer);
  }
  question.answered->set();
}

Task<Result<UnboundResolver::Answer>> UnboundResolver::ask(std::string name, int type) {
  return asio::co_spawn(strand_, ask_on_strand(std::move(name), type), asio::use_awaitable);
}

Task<Result<UnboundResolver::Answer>> UnboundResolver::ask_on_strand(std::string name, int type) {
  if (auto opened = open(); !opened) co_return tl::unexpected(opened.error());
  const auto question = std::make_shared<Question>(strand_);
  auto handle = std::make_unique<std::shared_ptr<Question>>(question);
  const int error =
      ub_resolve_async(context_, name.c_str(), type, class_in, handle.get(), take_answer, nullptr);
  if (error != 0) co_return fail(Errc::unavailable, std::string("DNS: ") + ub_strerror(error));
  (void)handle.release();  // take_answer's: libunbound always answers, if late
  co_await before(clock_, clock_.now() + answer_max, question->answered);
  co_return std::move(question->outcome);
}

Task<Result<std::vector<ports::Exchanger>>> UnboundResolver::exchangers(std::string domain) {
  const auto answer = co_await ask(std::move(domain), type_mx);
  if (!answer) co_return tl::unexpected(answer.error());
  std::vector<ports::Exchanger> all;
  for (const auto& record : answer->records) {
    if (auto exchanger = dns::parse_exchanger(record)) all.push_back(std::move(*exchanger));
  }
  // Records that name nobody are not the same as none: those would mean the domain itself.
  if (all.empty() && !answer->records.empty()) co_return fail(Errc::unavailable, "DNS: malformed MX records");
  co_return all;
}

Task<Result<std::vector<std::string>>> UnboundResolver::addresses(std::string host) {
  using namespace asio::experimental::awaitable_operators;  // NOLINT: the operators' only home
  const auto [v6, v4] = co_await (ask(host, type_aaaa) && ask(host, type_a));
  if (!v6 && !v4) co_return tl::unexpected(v6.error().temporary() ? v6.error() : v4.error());
  std::vector<std::string> all;
  for (const auto* answer : {&v6, &v4}) {
    if (!*answer) continue;
    for (const auto& record : (*answer)->records) {
      if (auto address = dns::parse_address(record)) all.push_back(std::move(*address));
    }
  }
  const auto& failed = !v6 ? v6 : v4;
  if (all.empty() && !failed && failed.error().temporary()) co_return tl::unexpected(failed.error());
  co_return all;
}

Task<Result<std::vector<std::string>>> UnboundResolver::records(std::string name, RecordType type) {
  if (type == RecordType::address) co_return co_await addresses(std::move(name));
  std::vector<std::string> all;
  if (type == RecordType::mx) {
    const auto found = co_await exchangers(std::move(name));
    if (!found) co_return tl::unexpected(found.error());
    for (const auto& exchanger : *found)
      all.push_back(std::to_string(exchanger.preference) + " " + exchanger.host);
    co_return all;
  }
  const auto answer = co_await ask(std::move(name), number_of(type));
  if (!answer) co_return tl::unexpected(answer.error());
  for (const auto& record : answer->records) {
    if (auto text = text_of(type, record)) all.push_back(std::move(*text));
  }
  co_return all;
}

}  // namespace gridmail
