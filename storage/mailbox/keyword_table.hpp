// KeywordTable: the keywords of one mailbox, which its entries name by index.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node/base/ids.hpp"
#include "node/base/result.hpp"
#include "storage/mailbox/records.pb.h"

namespace gridmail {

/// Keywords keep the case they were first given and compare without it (ASCII). The table only grows.
class KeywordTable {
 public:
  static constexpr std::size_t keywords_max = 512;
  static constexpr std::size_t keyword_bytes_max = 100;

  KeywordTable() = default;
  explicit KeywordTable(const mailbox::KeywordsRecord& record)
      : keywords_(record.keywords().begin(), record.keywords().end()) {}

  /// Indices of `flags`' keywords, ascending; missing ones are added. Errors: too_large.
  [[nodiscard]] Result<std::vector<std::uint32_t>> indices(const mailbox::Flags& flags);
  /// Flags as clients see them: keywords sorted without regard to case.
  [[nodiscard]] mailbox::Flags flags_of(const mailbox::EntryRecord& entry) const;
  [[nodiscard]] const std::vector<std::string>& keywords() const { return keywords_; }
  [[nodiscard]] mailbox::KeywordsRecord record() const;
  /// Whether a keyword was added since it was read.
  [[nodiscard]] bool grown() const { return grown_; }

 private:
  std::vector<std::string> keywords_;
  bool grown_ = false;
};

/// One message as clients see it.
[[nodiscard]] mailbox::Entry entry_of(Uid uid, const mailbox::EntryRecord& record,
                                      const KeywordTable& keywords);

}  // namespace gridmail
