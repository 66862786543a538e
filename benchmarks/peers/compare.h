// Times signet and a peer at one task, in turns in one process.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace signet::peers {

/// What both sides do.
///   linear ROWS INPUTS OUTPUTS    a layer
///   conv SIZE CHANNELS OUTPUTS    3x3, stride 1, pad 1, on SIZE x SIZE pixels
///   mlp BATCH, mlp-binary BATCH   784-1024-1024-10 on bytes; on bits
///   mlp-uniform, mlp-logistic SAMPLES   mlp on one image, this noise drawn
///   vgg28 BATCH                   c64-c64-P-c128-c128-P-fc512-fc10 on 28x28
struct Task {
  std::string kind;
  std::vector<std::int64_t> sizes;

  /// Multiply-accumulates, padding not counted twice.
  std::int64_t macs() const;
};

/// A way to do a task, once a call.
struct Contender {
  std::string name;   ///< the kernel or the implementation chosen
  std::string level;  ///< the instruction set in use
  std::function<void()> run;
};

/// The peer cannot be run here: its library is missing or takes no such task.
struct PeerMissing : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// signet's side.
Contender signet_contender(const Task& task);

/// The ways a peer has of doing a task; the fastest is compared.
using Peer = std::vector<Contender> (*)(const Task& task,
                                        const std::string& precision);

/// PRECISION TASK SIZES... [--seconds S] [--batches N]: pins the process to the
/// last processor, warms up, then alternates batches of S seconds. Prints one
/// JSON object: microseconds of every batch.
/// Exit status: 0; 1 an error; 2 usage; 3 PeerMissing.
int compare_main(int argc, char** argv, Peer peer);

}  // namespace signet::peers
