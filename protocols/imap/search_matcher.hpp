// SearchMatcher: does a message match a search-key (RFC 3501, section 6.4.4)? Pure, and three-valued, so that
// nothing is read for a message that flags or dates have already decided.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "protocols/imap/search_key.hpp"
#include "protocols/imap/selected_mailbox.hpp"
#include "protocols/mime/structure.hpp"

namespace gridmail::imap {

/// A message's text as it is searched.
struct SearchText {
  std::vector<Bytes> headers;      ///< raw: first the message's own, then those of embedded messages
  std::vector<std::string> texts;  ///< text parts in UTF-8
};

/// What is known of a message so far; null: not loaded yet.
struct SearchSubject {
  Uid uid = 0;
  const ports::Entry* entry = nullptr;
  const mime::Structure* structure = nullptr;
  const SearchText* text = nullptr;
};

enum class Verdict : std::uint8_t { no, yes, unknown };

/// `key` and `mailbox` must outlive it, unchanged.
class SearchMatcher {
 public:
  SearchMatcher(const SearchKey& key, const SelectedMailbox& mailbox);

  /// False: the key names a sequence number that does not exist, which is answered BAD.
  [[nodiscard]] bool is_valid() const { return valid_; }
  /// Announced messages outside of this set cannot match.
  [[nodiscard]] UidSet candidates() const;
  [[nodiscard]] Verdict match(const SearchSubject& subject) const { return match(key_, subject); }

 private:
  void resolve(const SearchKey& key);
  [[nodiscard]] Verdict match(const SearchKey& key, const SearchSubject& subject) const;
  [[nodiscard]] Verdict match_all(const SearchKey& key, const SearchSubject& subject) const;
  [[nodiscard]] Verdict match_any(const SearchKey& key, const SearchSubject& subject) const;

  const SearchKey& key_;
  const SelectedMailbox& mailbox_;
  std::unordered_map<const SearchKey*, UidSet> sets_;
  bool valid_ = true;
};

}  // namespace gridmail::imap
