// The part of ChangeWriter about requests with idempotency keys, and their answers.
#include "storage/directory/change_writer.hpp"
#include "storage/directory/kept_answers.hpp"

namespace gridmail {
namespace {

constexpr std::size_t hash_bytes = 32;
/// More than one, so that the list shrinks; few, so that no request pays for the others.
constexpr std::size_t forgotten_per_change = 4;

}  // namespace

Task<Result<void>> ChangeWriter::begin_request(const directory::BeginRequest& change) {
  if (change.id().size() != hash_bytes || change.request().size() != hash_bytes)
    co_return fail(Errc::invalid, "not the hashes of a request");
  const auto there = co_await load<directory::KeptAnswer>(keys_.answer(change.id()));
  if (!there) co_return tl::unexpected(there.error());
  if (*there && still_kept(**there, now_)) co_return fail(Errc::already_exists, "the key was used before");
  if (*there) {
    if (auto gone = co_await remove(keys_.answer_at((*there)->begun(), change.id())); !gone) co_return gone;
  }
  if (auto done = co_await forget_answers(*there ? 0 : 1); !done) co_return done;
  directory::KeptAnswer record;
  record.set_id(change.id());
  record.set_request(change.request());
  record.set_begun(now_);
  if (auto done = co_await put(keys_.answer_at(now_, change.id()), {}); !done) co_return done;
  co_return co_await put(keys_.answer(change.id()), record.SerializeAsString());
}

/// Counts those that come, and lets the oldest go: after their time, and where there are too many.
Task<Result<void>> ChangeWriter::forget_answers(std::uint64_t added) {
  auto stored = co_await load<directory::AnswerBook>(keys_.answer_book());
  if (!stored) co_return tl::unexpected(stored.error());
  auto book = stored->value_or(directory::AnswerBook{});
  book.set_answers(book.answers() + added);
  auto range = keys_.answers_by_date();
  const auto oldest = co_await builder_.scan(Family::meta, std::move(range.first), std::move(range.last),
                                             forgotten_per_change);
  if (!oldest) co_return tl::unexpected(oldest.error());
  for (const auto& pair : *oldest) {
    const auto id = keys_.answer_in(pair.key);
    const auto answer = co_await load<directory::KeptAnswer>(keys_.answer(id));
    if (!answer) co_return tl::unexpected(answer.error());
    if (*answer && still_kept(**answer, now_) && book.answers() <= answers_max) break;
    if (auto gone = co_await remove(pair.key); !gone) co_return gone;
    if (!*answer) continue;
    if (auto gone = co_await remove(keys_.answer(id)); !gone) co_return gone;
    book.set_answers(book.answers() - std::min<std::uint64_t>(book.answers(), 1));
  }
  co_return co_await put(keys_.answer_book(), book.SerializeAsString());
}

Task<Result<void>> ChangeWriter::keep_answer(const directory::KeepAnswer& change) {
  const auto& answer = change.answer();
  const auto there = co_await load<directory::KeptAnswer>(keys_.answer(answer.id()));
  if (!there) co_return tl::unexpected(there.error());
  if (!*there || (*there)->request() != answer.request()) co_return Result<void>{};  // forgotten meanwhile
  if (answer.body().size() > answer_bytes_max) co_return fail(Errc::too_large, "the answer");
  auto record = **there;
  if (answer.status() == 0) {  // its time is over
    if (auto gone = co_await remove(keys_.answer_at(record.begun(), answer.id())); !gone) co_return gone;
    if (auto done = co_await put(keys_.answer_at(0, answer.id()), {}); !done) co_return done;
    record.set_begun(0);
  } else {
    record.set_status(answer.status());
    record.set_content_type(answer.content_type());
    record.set_body(answer.body());
    record.set_withheld(answer.withheld());
  }
  co_return co_await put(keys_.answer(answer.id()), record.SerializeAsString());
}

}  // namespace gridmail
