// Writes mlp.signet and vgg28.signet with random weights: what a packed network
// takes on disk, without the metadata that an export adds.
#include <cstdio>
#include <fstream>

#include "benchmarks/peers/random_networks.h"
#include "signet/runtime/format/model_file.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  for (const char* name : {"mlp", "vgg28"}) {
    const auto bytes =
        signet::runtime::serialize(signet::peers::random_network(name));
    if (!bytes) {
      std::fprintf(stderr, "%s\n", bytes.error().message.c_str());
      return 1;
    }
    std::ofstream file(std::string(argv[1]) + "/" + name + ".signet",
                       std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes->data()),
               static_cast<std::streamsize>(bytes->size()));
    if (!file.flush()) return 1;
  }
  return 0;
}
