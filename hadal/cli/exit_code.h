#pragma once

namespace hadal::cli {

// What the program's exit status says.
inline constexpr int kDone = 0;
inline constexpr int kVerdict = 1;        ///< done, and the verdict is bad
inline constexpr int kUnusable = 2;       ///< usage or input at fault
inline constexpr int kInternal = 3;       ///< the program or the machine at fault
inline constexpr int kInterrupted = 130;  ///< ended by Ctrl-C or SIGTERM, as shells report it

}  // namespace hadal::cli
