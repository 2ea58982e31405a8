#include "node/sendmail/sendmail_arguments.hpp"

#include <algorithm>
#include <array>

#include "protocols/text/ascii.hpp"

namespace gridmail::sendmail {
namespace {

/// Options that take a value, attached or as the next word.
constexpr std::string_view with_value = "fFrhoOBNRVLXpqC";
/// Those whose value is always attached, if there is one.
constexpr std::string_view with_attached_value = "oq";
constexpr std::size_t envelope_id_bytes_max = 100;  // RFC 3461, section 4.4

/// "<a@b>" is "a@b".
std::string without_brackets(std::string_view address) {
  if (address.size() >= 2 && address.front() == '<' && address.back() == '>')
    address = address.substr(1, address.size() - 2);
  return std::string(address);
}

Result<Mode> mode_of(std::string_view value) {
  if (value == "m") return Mode::deliver;
  if (value == "s") return Mode::speak_smtp;
  if (value == "p") return Mode::list_queue;
  if (value == "i" || value == "v" || value == "h" || value == "H") return Mode::do_nothing;
  return fail(Errc::invalid, "-b" + std::string(value) + " is not done here");
}

/// "success,delay" as NOTIFY has it.
Result<std::string> notify_of(std::string_view value) {
  constexpr std::array<std::string_view, 3> occasions{"SUCCESS", "FAILURE", "DELAY"};
  const auto notify = text::to_upper(value);
  if (notify == "NEVER") return notify;
  for (std::size_t at = 0; at <= notify.size();) {
    const auto comma = std::min(notify.find(',', at), notify.size());
    const auto word = std::string_view(notify).substr(at, comma - at);
    if (std::find(occasions.begin(), occasions.end(), word) == occasions.end())
      return fail(Errc::invalid, "-N takes never, or some of success,failure,delay");
    at = comma + 1;
  }
  return notify;
}

Result<std::string> returned_of(std::string_view value) {
  auto returned = text::to_upper(value);
  if (returned != "FULL" && returned != "HDRS") return fail(Errc::invalid, "-R takes full or hdrs");
  return returned;
}

Result<std::string> envelope_id_of(std::string_view value) {
  const bool fits =
      !value.empty() && value.size() <= envelope_id_bytes_max &&
      std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 127 && c != '='; });
  if (!fits) return fail(Errc::invalid, "-V takes up to 100 characters of xtext (RFC 3461)");
  return std::string(value);
}

Result<void> take_into(std::string& option, Result<std::string> value) {
  if (!value) return tl::unexpected(value.error());
  option = std::move(*value);
  return {};
}

Result<void> take(CommandLine& line, char option, std::string_view value) {
  if (option == 'b') {
    const auto mode = mode_of(value);
    if (!mode) return tl::unexpected(mode.error());
    line.mode = *mode;
  }
  if (option == 'f' || option == 'r') line.sender = without_brackets(value);
  if (option == 'F') line.full_name = value;
  if (option == 't') line.recipients_in_header = true;
  if (option == 'i' || (option == 'o' && value == "i")) line.dot_is_text = true;
  if (option == 'q') line.mode = Mode::do_nothing;
  if (option == 'N') return take_into(line.notify, notify_of(value));
  if (option == 'R') return take_into(line.returned, returned_of(value));
  if (option == 'V') return take_into(line.envelope_id, envelope_id_of(value));
  return {};
}

}  // namespace

Result<CommandLine> parse_arguments(std::string_view program, std::span<const char* const> arguments) {
  CommandLine line;
  if (program.ends_with("mailq")) line.mode = Mode::list_queue;
  if (program.ends_with("newaliases")) line.mode = Mode::do_nothing;
  bool options_over = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (options_over || word.size() < 2 || word.front() != '-') {
      line.recipients.push_back(without_brackets(word));
      continue;
    }
    if (word == "--") {
      options_over = true;
      continue;
    }
    std::string_view letters = word.substr(1);
    while (!letters.empty()) {
      const char option = letters.front();
      letters.remove_prefix(1);
      constexpr std::string_view flags = "tinvmsGUeAE";
      std::string_view value;
      if (option == 'b' || with_value.find(option) != std::string_view::npos) {
        value = letters;
        letters = {};
        const bool takes_next =
            value.empty() && option != 'b' && with_attached_value.find(option) == std::string_view::npos;
        if (takes_next && ++i >= arguments.size())
          return fail(Errc::invalid, std::string("-") + option + " needs a value");
        if (takes_next) value = arguments[i];
      } else if (flags.find(option) == std::string_view::npos) {
        return fail(Errc::invalid, std::string("unknown option -") + option);
      }
      if (auto taken = take(line, option, value); !taken) return tl::unexpected(taken.error());
    }
  }
  return line;
}

}  // namespace gridmail::sendmail
