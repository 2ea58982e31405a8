// RouteTable: the way of each domain's mail: what the directory says of it, or else the node's own, or else
// the grid's for all other domains.
#pragma once
#include <string>

#include "node/services/outbound/route.hpp"
#include "storage/directory/directory_view.hpp"

namespace gridmail {

/// Thread-safe. The view outlives it.
class RouteTable {
 public:
  /// `otherwise`: the node's smart host, or by the DNS.
  RouteTable(const DirectoryView& view, Route otherwise) : view_(view), otherwise_(std::move(otherwise)) {}

  /// `domain` as a parcel's destination. Waits for nobody else. Errors: unavailable, while the directory here
  /// is out of date and knows of no route; io, corrupted.
  [[nodiscard]] Task<Result<Route>> find(std::string domain) const;

 private:
  const DirectoryView& view_;
  const Route otherwise_;
};

}  // namespace gridmail
