#include "storage/local/store_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "storage/local/store_salvage.hpp"

namespace gridmail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view current_name = "CURRENT";

bool is_of_a_store(const fs::path& file) {
  const auto ending = file.extension();
  return file.filename().string().starts_with("MANIFEST-") || ending == ".sst" || ending == ".blob" ||
         ending == ".log";
}

bool holds_a_store(const StoreOptions& options) {
  const auto folders = folders_of(options);
  return std::any_of(folders.begin(), folders.end(), [](const fs::path& folder) {
    std::error_code error;
    const fs::directory_iterator files(folder, error);
    return !error && std::any_of(begin(files), end(files), [](const fs::directory_entry& entry) {
      return is_of_a_store(entry.path());
    });
  });
}

}  // namespace

Result<void> check_store_files(const StoreOptions& options) {
  const fs::path current = options.folder / current_name;
  std::error_code error;
  if (!fs::exists(current, error)) {
    if (error || !holds_a_store(options)) return {};
    return fail(Errc::corrupted, fmt::format("{} is missing", current.string()));
  }
  std::ifstream file(current);
  std::string named;
  std::getline(file, named);
  const bool sound = file && !file.eof() && named.starts_with("MANIFEST-") &&
                     named.find('/') == std::string::npos;  // what is not ended by a newline was torn
  if (!sound) return fail(Errc::corrupted, fmt::format("{} does not name a list of files", current.string()));
  if (!fs::exists(options.folder / named, error))
    return fail(Errc::corrupted, fmt::format("{} is missing", (options.folder / named).string()));
  return {};
}

std::string advice_for_unreadable(const StoreOptions& options) {
  return fmt::format(
      "nothing in {} was changed. Where `gridmail grid status` on another node says that every slot has a "
      "copy "
      "there, take this node out (`gridmail node remove NAME`), move its data directory away and let it join "
      "again by a new token: it is filled from the others. Where slots have no other copy, keep these files",
      options.folder.string());
}

}  // namespace gridmail
