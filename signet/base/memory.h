#pragma once

#include <cstdint>
#include <string>

namespace signet {

/// "310 MB", rounded up.
std::string size_text(int64_t bytes);

/// Errors: UsageError `who: needs ... MB ...` unless `bytes` of address space
/// can be had at once, which `ulimit -v`, `ulimit -d` and the system's rule on
/// overcommitting may refuse. Touches none of it.
void check_address_space(int64_t bytes, const std::string& who);

/// Errors: UsageError unless the control group that holds this process has
/// `bytes` of memory that are not in use. Beyond it the system would kill the
/// process without a word.
void check_group_memory(int64_t bytes, const std::string& who);

/// What ran out, for an allocation that failed: "out of memory (ulimit -v
/// 600000): ...", one line.
std::string out_of_memory_text();

}  // namespace signet
