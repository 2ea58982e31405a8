#include "protocols/lookup/table.hpp"

namespace gridmail::lookup {
namespace {

Answer failure(const Error& error) {
  if (error.code == Errc::not_found || error.code == Errc::invalid) return {Answer::Kind::not_found};
  return {Answer::Kind::temporary, "the directory cannot be read now"};
}

Task<Answer> find_domain(ports::Directory& directory, std::string domain) {
  std::string name = domain;
  const auto is_local = co_await directory.is_local_domain(std::move(name));
  if (!is_local) co_return failure(is_local.error());
  if (!*is_local) co_return Answer{Answer::Kind::not_found};
  co_return Answer{Answer::Kind::found, std::move(domain)};
}

Task<Answer> find_recipient(ports::Directory& directory, std::string address) {
  auto target = co_await directory.resolve(std::move(address));
  if (!target) co_return failure(target.error());
  co_return Answer{Answer::Kind::found, std::move(target->address)};
}

Task<Answer> refuse_map() {
  Answer answer{Answer::Kind::permanent, "no such map: there are domains and recipients"};
  co_return answer;
}

}  // namespace

Task<Answer> look_up(ports::Directory& directory, std::string_view map, std::string key) {
  if (map == "domains") return find_domain(directory, std::move(key));
  if (map == "recipients") return find_recipient(directory, std::move(key));
  return refuse_map();
}

Task<Answer> look_up(ports::Directory& directory, std::string key) {
  const std::string_view map = key.find('@') == std::string::npos ? "domains" : "recipients";
  return look_up(directory, map, std::move(key));
}

}  // namespace gridmail::lookup
