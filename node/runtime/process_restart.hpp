// Starts this process again, as its service manager would.
#pragma once

namespace gridmail {

/// Replaces this process, whatever its threads are doing, by a new one of the same program with the same
/// arguments, under the same pid. Returns only where that is not possible. From any thread.
void start_again();

}  // namespace gridmail
