#include "storage/mailbox/keyword_table.hpp"

#include <strings.h>

#include <algorithm>

namespace gridmail {
namespace {

bool equal_keywords(const std::string& a, const std::string& b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool less_keyword(const std::string& a, const std::string& b) {
  const int order = strncasecmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order != 0 ? order < 0 : a.size() < b.size();
}

}  // namespace

Result<std::vector<std::uint32_t>> KeywordTable::indices(const mailbox::Flags& flags) {
  std::vector<std::uint32_t> found;
  for (const auto& keyword : flags.keywords()) {
    if (keyword.size() > keyword_bytes_max) return fail(Errc::too_large, "keyword is too long");
    auto at = std::find_if(keywords_.begin(), keywords_.end(),
                           [&](const std::string& known) { return equal_keywords(known, keyword); });
    if (at == keywords_.end()) {
      if (keywords_.size() >= keywords_max) return fail(Errc::too_large, "too many keywords in this mailbox");
      keywords_.push_back(keyword);
      grown_ = true;
      at = std::prev(keywords_.end());
    }
    found.push_back(static_cast<std::uint32_t>(at - keywords_.begin()));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

mailbox::Flags KeywordTable::flags_of(const mailbox::EntryRecord& entry) const {
  std::vector<std::string> names;
  for (const auto index : entry.keywords()) {
    if (index < keywords_.size()) names.push_back(keywords_[index]);
  }
  std::sort(names.begin(), names.end(), less_keyword);
  mailbox::Flags flags;
  flags.set_system(entry.flags());
  for (auto& name : names) flags.add_keywords(std::move(name));
  return flags;
}

mailbox::KeywordsRecord KeywordTable::record() const {
  mailbox::KeywordsRecord record;
  for (const auto& keyword : keywords_) record.add_keywords(keyword);
  return record;
}

mailbox::Entry entry_of(Uid uid, const mailbox::EntryRecord& record, const KeywordTable& keywords) {
  mailbox::Entry entry;
  entry.set_uid(uid);
  entry.set_modseq(record.modseq());
  *entry.mutable_flags() = keywords.flags_of(record);
  entry.set_internal_date(record.internal_date());
  entry.set_zone_minutes(record.zone_minutes());
  entry.set_size(record.size());
  entry.set_email(record.email());
  return entry;
}

}  // namespace gridmail
