#include "node/request_control_binding.hpp"

#include "storage/directory/kept_answers.hpp"

namespace gridmail {

std::optional<api::Quota> RequestControlBinding::take_request(const std::string& address,
                                                              const std::string& principal) {
  auto& limits = mail_.limits();
  const UsageLimits::Client client{address, principal};
  const bool may = limits.take(Counted::requests, client);
  const auto standing = limits.standing(Counted::requests, client);
  if (!standing) return std::nullopt;
  return api::Quota{!may, standing->count, standing->left, standing->until_one.count(),
                    standing->until_all.count()};
}

Task<Result<api::KeptAnswer>> RequestControlBinding::kept_answer(Bytes id) {
  const auto record = co_await mail_.view().kept_answer(std::move(id));
  if (!record) co_return tl::unexpected(record.error());
  if (!still_kept(*record, clock_.wall())) co_return fail(Errc::not_found, "answer");
  co_return api::KeptAnswer{record->request(), static_cast<std::uint16_t>(record->status()),
                            record->content_type(), record->body(), record->withheld()};
}

Task<Result<void>> RequestControlBinding::begin_request(Bytes id, Bytes request) {
  directory::Change change;
  change.mutable_begin_request()->set_id(std::move(id));
  change.mutable_begin_request()->set_request(std::move(request));
  const auto changed = co_await mail_.directory_client().change(std::move(change));
  if (!changed) co_return tl::unexpected(changed.error());
  co_return Result<void>{};
}

Task<Result<void>> RequestControlBinding::keep_answer(Bytes id, api::KeptAnswer answer) {
  directory::Change change;
  auto& record = *change.mutable_keep_answer()->mutable_answer();
  record.set_id(std::move(id));
  record.set_request(std::move(answer.request));
  record.set_status(answer.status);
  record.set_content_type(std::move(answer.content_type));
  record.set_body(std::move(answer.body));
  record.set_withheld(std::move(answer.withheld));
  const auto changed = co_await mail_.directory_client().change(std::move(change));
  if (!changed) co_return tl::unexpected(changed.error());
  co_return Result<void>{};
}

}  // namespace gridmail
