#include "storage/mailbox/user_writer.hpp"

#include <algorithm>
#include <utility>

#include "storage/mailbox/sweep.hpp"

namespace gridmail {
namespace {

constexpr std::size_t waiting_max = 1'000;
constexpr std::size_t batch_requests_max = 64;
/// Room for keys and for what a request only adds at its end.
constexpr std::size_t batch_bytes_max = operation_bytes_max - 64 * 1024;
constexpr Duration sweep_every = std::chrono::minutes(1);
constexpr Duration sweep_again = std::chrono::seconds(1);

using What = mailbox::Request;

ChangeAnswer refuse() {
  co_return fail(Errc::unsupported, "no such change");
}

/// Everything that is due, in as many operations as it takes.
ChangeAnswer sweep_user(UserChange& change, Progress& progress) {
  auto mailboxes = co_await mailboxes_of(change);
  if (!mailboxes) co_return tl::unexpected(mailboxes.error());
  const auto more = co_await sweep_some(change, std::move(*mailboxes));
  if (!more) co_return tl::unexpected(more.error());
  progress.more = *more;
  co_return done();
}

ChangeAnswer apply(UserChange& change, const mailbox::Request& request, Progress& progress) {
  switch (request.what_case()) {
    case What::kCreateUser:
      return create_user(change);
    case What::kRemoveUser:
      return remove_user(change, progress);
    case What::kCreate:
      return create_mailbox(change, request.create());
    case What::kRemove:
      return remove_mailbox(change, request.remove());
    case What::kRename:
      return rename_mailbox(change, request.rename(), progress);
    case What::kSubscribe:
      return subscribe(change, request.subscribe());
    case What::kStageChunk:
      return stage_chunk(change, request.stage_chunk());
    case What::kAdd:
      return add_message(change, request.add());
    case What::kStore:
      return store_flags(change, request.store());
    case What::kCopy:
      return copy_messages(change, request.copy(), progress);
    case What::kMove:
      return move_messages(change, request.move());
    case What::kExpunge:
      return expunge_messages(change, request.expunge());
    case What::kSweep:
      return sweep_user(change, progress);
    default:
      return refuse();
  }
}

/// The others may be done twice without a GUID's help.
bool has_guid(const mailbox::Request& request) {
  return !request.has_stage_chunk() && !request.has_create_user() && !request.has_remove_user() &&
         !request.has_sweep();
}

AgeMicros guid_expiry(const mailbox::Request& request, AgeMicros age) {
  const bool is_delivery = request.has_add() && request.add().by() == mailbox::Add::DELIVERY;
  return age + (is_delivery ? delivery_guid_kept : change_guid_kept);
}

/// A repeated STORE reads its entries anew: they would make the record long.
Bytes kept_outcome(const mailbox::Answer& answer) {
  if (!answer.has_stored()) return answer.SerializeAsString();
  mailbox::Answer kept;
  kept.mutable_stored()->set_next_uid(answer.stored().next_uid());
  return kept.SerializeAsString();
}

void remember(UserChange& change, Guid guid, const mailbox::Request& request, const mailbox::Answer& answer,
              const Progress& progress) {
  mailbox::GuidRecord record;
  record.set_expires(guid_expiry(request, change.age()));
  record.set_outcome(kept_outcome(answer));
  if (progress.more) record.set_unfinished_target(progress.target);
  change.draft().put(Family::meta, change.keys().guid(guid), record.SerializeAsString());
  change.draft().put(Family::meta, change.keys().guid_expiry(record.expires(), guid), {});
}

/// The first outcome of a request that was applied before; nothing when it was not, or not to its end.
Task<Result<std::optional<mailbox::Answer>>> earlier_outcome(UserChange& change, Guid guid,
                                                             const mailbox::Request& request,
                                                             Progress& progress) {
  using Outcome = std::optional<mailbox::Answer>;
  const auto record = co_await change.draft().read<mailbox::GuidRecord>(change.keys().guid(guid));
  if (!record) co_return tl::unexpected(record.error());
  if (!*record) co_return Outcome();
  if ((*record)->unfinished_target() != 0) {
    if (progress.target == 0) progress.target = (*record)->unfinished_target();
    co_return Outcome();
  }
  mailbox::Answer answer;
  if (!answer.ParseFromString((*record)->outcome())) co_return fail(Errc::corrupted, "outcome of a request");
  if (answer.has_stored()) {
    const auto read = co_await refresh_stored(change, request.store(), *answer.mutable_stored());
    if (!read) co_return tl::unexpected(read.error());
  }
  co_return Outcome(std::move(answer));
}

}  // namespace

/// One request in line, or in the batch under way.
struct UserWriter::Waiting {
  Waiting(mailbox::Request r, const asio::any_io_executor& executor)
      : request(std::move(r)), woken(std::make_shared<Event>(executor)) {}
  /// Such a request has its operations for itself.
  [[nodiscard]] bool takes_several() const {
    return alone || request.has_remove_user() || request.has_rename() || request.has_copy() ||
           request.has_sweep();
  }
  void finish(Result<mailbox::Answer> outcome) {
    answer = std::move(outcome);
    finished = true;
    if (!works) woken->set();
  }

  mailbox::Request request;
  Progress progress;
  std::shared_ptr<Event> woken;
  Result<mailbox::Answer> answer = fail(Errc::cancelled);
  bool finished = false;
  bool alone = false;      ///< another one in its batch met a full disk
  bool works = false;      ///< it is this one's turn to commit for all
  bool abandoned = false;  ///< its coroutine is gone
};

/// Keeps the line in order however its request's coroutine ends.
class UserWriter::Place {
 public:
  Place(std::shared_ptr<UserWriter> writer, std::shared_ptr<Waiting> waiting)
      : writer_(std::move(writer)), waiting_(std::move(waiting)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    waiting_->abandoned = true;
    std::erase(writer_->line_, waiting_);
    if (waiting_->works) writer_->hand_on();
  }

 private:
  std::shared_ptr<UserWriter> writer_;
  std::shared_ptr<Waiting> waiting_;
};

/// The requests that share one operation.
class UserWriter::Batch {
 public:
  Batch(std::shared_ptr<const Snapshot> snapshot, Times at) : operation(std::move(snapshot)), times(at) {}
  /// When the one who commits is cancelled, the others must not wait for ever.
  ~Batch() {
    for (const auto& waiting : requests) waiting->finish(fail(Errc::unavailable, "commit was broken off"));
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  OperationBuilder operation;
  Times times;
  std::vector<std::shared_ptr<Waiting>> requests;
  std::vector<UserChange::News> news;
};

Task<Result<mailbox::Answer>> UserWriter::change(SlotAccessPtr slot, mailbox::Request request) {
  if (line_.size() >= waiting_max) co_return fail(Errc::busy, "too many changes wait for this mailbox");
  const auto waiting = std::make_shared<Waiting>(std::move(request), slot->executor());
  const Place place(shared_from_this(), waiting);
  line_.push_back(waiting);
  if (at_work_) {
    co_await waiting->woken->wait();
  } else {
    at_work_ = true;
    waiting->works = true;
  }
  while (!waiting->finished) co_await commit_batch(slot);
  co_return std::move(waiting->answer);
}

void UserWriter::hand_on() {
  at_work_ = !line_.empty();
  if (!at_work_) return;
  line_.front()->works = true;
  line_.front()->woken->set();
}

Task<void> UserWriter::commit_batch(SlotAccessPtr slot) {
  const auto snapshot = slot->snapshot();
  const auto age = co_await age_->now(snapshot);
  if (!age) co_return fail_next(age.error());
  Batch batch(snapshot, {clock_.wall(), *age});
  co_await fill(batch);
  co_await sweep(batch);
  auto operation = batch.operation.take();
  auto committed = slot->may_answer();
  if (!operation.empty()) committed = co_await slot->commit(std::move(operation));
  // On a full disk what adds nothing must go on, above all what deletes: each by itself.
  if (!committed && committed.error().code == Errc::no_space && batch.requests.size() > 1)
    co_return put_back_one_by_one(batch);
  for (const auto& waiting : std::exchange(batch.requests, {})) {
    if (!committed) {
      waiting->finish(tl::unexpected(committed.error()));
    } else if (waiting->answer && waiting->progress.more && !waiting->abandoned) {
      line_.push_front(waiting);  // nothing else comes between its operations
    } else {
      waiting->finish(std::move(waiting->answer));
    }
  }
  if (!committed) co_return;
  for (const auto& news : batch.news) on_news_(news);
}

void UserWriter::fail_next(Error error) {
  const auto next = line_.front();
  line_.pop_front();
  next->finish(tl::unexpected(std::move(error)));
}

void UserWriter::put_back_one_by_one(Batch& batch) {
  auto requests = std::exchange(batch.requests, {});
  for (auto waiting = requests.rbegin(); waiting != requests.rend(); ++waiting) {
    (*waiting)->alone = true;
    (*waiting)->progress = Progress();
    if (!(*waiting)->abandoned) line_.push_front(*waiting);
  }
}

Task<void> UserWriter::fill(Batch& batch) {
  while (!line_.empty() && batch.requests.size() < batch_requests_max) {
    const auto waiting = line_.front();
    if (waiting->takes_several() && !batch.requests.empty()) break;
    line_.pop_front();
    batch.requests.push_back(waiting);
    const bool drafted = co_await draft(batch, *waiting);
    if (!drafted) {  // it opens the next batch
      batch.requests.pop_back();
      waiting->progress = Progress();
      if (!waiting->abandoned) line_.push_front(waiting);
      break;
    }
    if (waiting->takes_several()) break;
  }
}

Task<bool> UserWriter::draft(Batch& batch, Waiting& waiting) {
  const auto guid = Guid::from_bytes(waiting.request.guid());
  const bool once = has_guid(waiting.request);
  if (once && !guid) {
    waiting.answer = fail(Errc::invalid, "GUID");
    co_return true;
  }
  UserChange change(batch.operation, keys_, recent_, batch.times);
  waiting.progress.more = false;
  if (once) {
    auto earlier = co_await earlier_outcome(change, *guid, waiting.request, waiting.progress);
    if (!earlier || *earlier) {
      waiting.answer =
          earlier ? Result<mailbox::Answer>(std::move(**earlier)) : tl::unexpected(earlier.error());
      co_return true;
    }
  }
  waiting.answer = co_await apply(change, waiting.request, waiting.progress);
  if (!waiting.answer) co_return true;
  // A COPY that is broken off begins again; a RENAME of INBOX goes on where it was.
  if (once && (!waiting.progress.more || waiting.progress.target != 0)) {
    remember(change, *guid, waiting.request, *waiting.answer, waiting.progress);
  }
  change.finish();
  if (batch.operation.bytes() + change.bytes() > batch_bytes_max) {
    if (batch.requests.size() > 1) co_return false;
    waiting.answer = fail(Errc::too_large, "change is too large");
    co_return true;
  }
  if (const auto applied = co_await change.apply(); !applied) {
    waiting.answer = tl::unexpected(applied.error());
    co_return true;
  }
  const auto news = change.news();
  batch.news.insert(batch.news.end(), news.begin(), news.end());
  co_return true;
}

/// Goes last in its operation, and with what others want anyway, so that it costs no commit of its own.
Task<void> UserWriter::sweep(Batch& batch) {
  const bool between = std::any_of(batch.requests.begin(), batch.requests.end(), [](const auto& waiting) {
    return waiting->progress.more || waiting->request.has_remove_user() || waiting->request.has_sweep();
  });
  if (between || batch.operation.bytes() > batch_bytes_max / 2 || clock_.now() < sweep_at_) co_return;
  std::vector<MailboxId> mailboxes;
  for (const auto& news : batch.news) mailboxes.push_back(news.mailbox);
  std::sort(mailboxes.begin(), mailboxes.end());
  mailboxes.erase(std::unique(mailboxes.begin(), mailboxes.end()), mailboxes.end());
  UserChange change(batch.operation, keys_, recent_, batch.times);
  const auto more = co_await sweep_some(change, std::move(mailboxes));
  if (!more) co_return;  // it will be tried again; the requests do not depend on it
  change.finish();
  if (batch.operation.bytes() + change.bytes() > batch_bytes_max) co_return;
  const auto applied = co_await change.apply();
  if (!applied) co_return;
  sweep_at_ = clock_.now() + (*more ? sweep_again : sweep_every);
}

}  // namespace gridmail
