// What the AMX level asks of the system.
#pragma once

namespace signet::runtime {

/// Whether this thread may use tiles: Linux gives them on request. Asked once
/// a thread: the permission is the whole process's by the kernel's documents,
/// yet crashes of worker threads were reported (ggml-org/llama.cpp#26954), and
/// asking again costs nothing.
bool thread_may_use_tiles();

}  // namespace signet::runtime
