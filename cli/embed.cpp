// signet embed MODEL --out FILE.h

#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/write_c_array.h"
#include "signet/base/printable.h"
#include "signet/data/atomic_file.h"

namespace signet {
namespace {

struct Options {
  std::string model, out, name;
};

const Registered<Command> entry{{
    .name = "embed",
    .summary = "Write a model file as a C header, for a firmware image",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("model", o->model, "model file")->required();
      checks_output_file(
          app.add_option("--out", o->out, "C header, NAME.h")->required());
      app.add_option("--name", o->name,
                     "what the array NAME_bytes and the numbers NAME_INPUTS "
                     "are called (default: as the header)");
      app.footer(
          "\nThe header is for C99, C11 and C++ and needs no file system; "
          "examples/firmware\nbuilds a program around it.");
      return [o] {
        check_not_replaced({"the model", o->model}, {"--out", o->out});
        const auto bytes = read_file(o->model);
        write_c_array(bytes, o->out, o->name);
        std::fprintf(summary_stream({o->out}), "%s: %zu bytes of model\n",
                     printable(o->out, 500).c_str(), bytes.size());
        return 0;
      };
    },
}};

}  // namespace

}  // namespace signet
