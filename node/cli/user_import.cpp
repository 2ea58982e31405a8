#include "node/cli/user_import.hpp"

#include <fmt/format.h>

#include "node/cli/progress.hpp"
#include "node/cli/secret.hpp"
#include "node/cli/text_view.hpp"
#include "node/cli/user_file.hpp"

namespace gridmail::cli {
namespace {

using Users = std::vector<ListedUser>;

/// How many of those from `begin` on go in one request, so that it fits the limit of a body and is answered
/// in time: a password costs the node a tenth of a second of a processor, a hash from elsewhere nothing.
std::size_t users_in_request(const Users& users, std::size_t begin) {
  constexpr std::size_t users_max = 200, passwords_max = 40, bytes_max = 40 << 10, bytes_beside = 60;
  std::size_t count = 0, passwords = 0, bytes = 0;
  for (auto user = users.begin() + static_cast<std::ptrdiff_t>(begin); user != users.end(); ++user) {
    passwords += user->is_hash ? 0 : 1;
    bytes += user->address.size() + user->secret.size() + bytes_beside;
    if (count > 0 && (count == users_max || passwords > passwords_max || bytes > bytes_max)) break;
    ++count;
  }
  return count;
}

Result<Json> add(const ApiClient& api, const Users& users, std::size_t begin, std::size_t end) {
  Json batch = Json::array();
  for (std::size_t i = begin; i < end; ++i) {
    const auto& user = users[i];
    batch.push_back({{"address", user.address}, {user.is_hash ? "password_hash" : "password", user.secret}});
  }
  return api.post("/user-batches", {{"users", batch}});
}

void take_in(Outcome& outcome, Json rows) {
  for (auto& row : rows) {
    const auto error = row.find("error");
    if (error != row.end()) outcome.exit_code = 1;
    outcome.text += error != row.end()
                        ? fmt::format("{}: {}\n", cell_text(row["address"]), cell_text((*error)["detail"]))
                        : fmt::format("added {}\n", cell_text(row["address"]));
    outcome.document.push_back(std::move(row));
  }
}

/// Whether those of the failed request were added nobody knows; asking again does no harm.
void break_off(Outcome& outcome, const Users& users, std::size_t begin, const Error& error) {
  const auto& next = users[begin];
  outcome.exit_code = 1;
  outcome.complaint = fmt::format(
      "{}; {} of {} users were answered for: go on with line {}, {}; who is there already is named and left "
      "alone",
      error.text, begin, users.size(), next.line, next.address);
  outcome.document.push_back(
      {{"address", next.address}, {"error", {{"code", name_of(error.code)}, {"detail", outcome.complaint}}}});
}

}  // namespace

Result<Outcome> user_import(const ApiClient& api, const Arguments& arguments) {
  const auto text = read_file(arguments.at("file"));
  if (!text) return tl::unexpected(text.error());
  const auto users = parse_user_file(*text);
  if (!users) return tl::unexpected(users.error());
  Outcome outcome{Json::array(), {}, 0, {}};
  auto progress = Progress::on_terminal("users", arguments);
  for (std::size_t begin = 0, end = 0; begin < users->size(); begin = end) {
    progress.show(begin, users->size());
    end = begin + users_in_request(*users, begin);
    auto rows = add(api, *users, begin, end);
    if (!rows && begin == 0) return tl::unexpected(rows.error());
    if (!rows) {
      break_off(outcome, *users, begin, rows.error());
      break;
    }
    take_in(outcome, std::move(*rows));
  }
  return outcome;
}

}  // namespace gridmail::cli
