#include "node/cli/user_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "node/cli/csv_parser.hpp"
#include "protocols/text/charset.hpp"

namespace gridmail::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view kinds_of_hash[] = {"$1$", "$2a$", "$2b$", "$2y$",   "$5$",
                                              "$6$", "$7$",  "$y$",  "$argon2"};

using Users = std::vector<ListedUser>;

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

bool has_scheme(std::string_view secret) {
  return secret.starts_with('{') && secret.find('}') != std::string_view::npos;
}

bool is_hash(std::string_view secret) {
  return has_scheme(secret) || std::any_of(std::begin(kinds_of_hash), std::end(kinds_of_hash),
                                           [&](std::string_view kind) { return secret.starts_with(kind); });
}

enum class Form : std::uint8_t { passwd, csv };

/// What is neither a hash that is known nor surely a password. Without a scheme Dovecot takes what a
/// passwd-file has for a hash of crypt(3), of which the oldest kind is 13 characters and no more.
bool may_be_hash(std::string_view secret, Form form) {
  constexpr std::size_t oldest_length = 13;
  constexpr std::string_view alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (secret.starts_with('$')) return !is_hash(secret);
  return form == Form::passwd && secret.size() == oldest_length &&
         secret.find_first_not_of(alphabet) == std::string_view::npos;
}

/// Nothing when it can be sent: JSON is UTF-8, and no password has control characters.
std::optional<std::string_view> fault_of(const ListedUser& user) {
  if (user.address.empty() || user.secret.empty()) return "must have an address and a password";
  for (const auto* text : {&user.address, &user.secret}) {
    const bool has_control = std::any_of(text->begin(), text->end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < 0x20 || byte == 0x7f;
    });
    if (has_control) return "has a control character";
    if (!text::is_utf8(*text)) return "is not UTF-8";
  }
  return std::nullopt;
}

/// A password that says it is one. It costs the node what a password does.
std::string_view without_plain_scheme(std::string_view secret) {
  for (const auto* const scheme : {"{plain}", "{cleartext}"}) {
    const auto length = std::string_view(scheme).size();
    if (lower(secret.substr(0, length)) == scheme) return secret.substr(length);
  }
  return secret;
}

Result<void> add(Users& users, std::size_t line, std::string_view address, std::string_view given,
                 Form form) {
  const auto secret = without_plain_scheme(given);
  const bool says_it_is_one = secret.size() != given.size();
  if (!says_it_is_one && may_be_hash(secret, form)) {
    return fail(Errc::invalid,
                fmt::format("line {}: looks like a hash of a kind that cannot be taken; before "
                            "a password that looks so, write {{PLAIN}}",
                            line));
  }
  ListedUser user{std::string(address), std::string(secret), !says_it_is_one && is_hash(secret), line};
  if (const auto fault = fault_of(user)) return fail(Errc::invalid, fmt::format("line {}: {}", line, *fault));
  users.push_back(std::move(user));
  return {};
}

bool is_number_or_empty(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What follows the address: "password", or "password:uid:gid:gecos:home:shell:extra". No hash has a colon,
/// but a password may. Nothing when both could be meant.
std::optional<std::string_view> secret_in(std::string_view fields) {
  const auto colon = fields.find(':');
  if (colon == std::string_view::npos) return fields;
  const auto secret = fields.substr(0, colon);
  if (is_hash(secret)) return secret;
  const auto uid = fields.substr(colon + 1, fields.find(':', colon + 1) - colon - 1);
  const bool ends_there = colon + 1 + uid.size() == fields.size();
  if (!is_number_or_empty(uid)) return fields;
  if (ends_there) return std::nullopt;
  const auto after = fields.substr(colon + 2 + uid.size());
  if (!is_number_or_empty(after.substr(0, after.find(':')))) return fields;
  const bool is_whole = std::count(after.begin(), after.end(), ':') >= 2;  // gecos and home, too
  return is_whole ? std::optional(secret) : std::nullopt;
}

Result<Users> parse_passwd_file(std::string_view text) {
  Users users;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    // An address has no colon outside quotes, and none has quotes here.
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size())
      return fail(Errc::invalid, fmt::format("line {}: must be address:password", number));
    const auto secret = secret_in(line.substr(colon + 1));
    if (!secret) {
      return fail(Errc::invalid, fmt::format("line {}: either the password has a colon, or fields follow it; "
                                             "as CSV it is clear",
                                             number));
    }
    if (const auto added = add(users, number, line.substr(0, colon), *secret, Form::passwd); !added)
      return tl::unexpected(added.error());
  }
  return users;
}

/// Where the columns are, by a header line.
struct Columns {
  std::optional<std::size_t> address, secret;
};

Result<Columns> columns_of(const CsvRecord& header) {
  Columns columns;
  for (std::size_t i = 0; i < header.fields.size(); ++i) {
    const auto name = lower(header.fields[i]);
    const bool is_secret = name == "password" || name == "password_hash";
    if (name == "name") continue;  // users have none here
    auto* column = name == "address" ? &columns.address : is_secret ? &columns.secret : nullptr;
    if (column == nullptr || column->has_value()) {
      return fail(Errc::invalid,
                  fmt::format("line {}: the columns are address and password, and name, which is "
                              "passed over",
                              header.line));
    }
    *column = i;
  }
  if (columns.address && columns.secret) return columns;
  return fail(Errc::invalid, fmt::format("line {}: needs the columns address and password", header.line));
}

/// A header line of CSV has a column "address", and no address has a comma.
bool is_csv(std::string_view text) {
  const auto first = text.find_first_not_of("\r\n");
  if (first == std::string_view::npos || text[first] == '#') return false;
  const auto line = lower(text.substr(first, text.find('\n', first) - first));
  const auto header = parse_csv(line);
  return header && header->size() == 1 && header->front().fields.size() > 1 &&
         std::find(header->front().fields.begin(), header->front().fields.end(), "address") !=
             header->front().fields.end();
}

Result<Users> parse_csv_file(std::string_view text) {
  const auto records = parse_csv(text);
  if (!records) return tl::unexpected(records.error());
  const auto columns = columns_of(records->front());
  if (!columns) return tl::unexpected(columns.error());
  Users users;
  for (const auto& record : *records) {
    if (&record == &records->front()) continue;
    if (record.fields.size() != records->front().fields.size()) {
      return fail(Errc::invalid, fmt::format("line {}: has {} fields, and the header has {}", record.line,
                                             record.fields.size(), records->front().fields.size()));
    }
    const auto added =
        add(users, record.line, record.fields[*columns->address], record.fields[*columns->secret], Form::csv);
    if (!added) return tl::unexpected(added.error());
  }
  return users;
}

}  // namespace

Result<Users> parse_user_file(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return is_csv(text) ? parse_csv_file(text) : parse_passwd_file(text);
}

}  // namespace gridmail::cli
