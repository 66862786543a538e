#pragma once

namespace signet {

/// First of all: what is closed of standard input and error is held by a
/// descriptor that can do nothing, so that no file of ours gets its number and
/// what is printed to it. A pipe whose reader has gone and a file beyond the
/// limit of sizes then fail like a full disk, by an error in place of a signal.
/// Errors: throws if standard output is not open for writing.
void prepare_standard_streams();

/// Last of all: that what was printed has reached the system.
/// Errors: throws if it has not (disk full, the pipe's reader gone).
void flush_standard_output();

}  // namespace signet
