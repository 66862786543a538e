// signet embed MODEL --out FILE.h

#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/write_c_array.h"

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
      app.add_option("--out", o->out, "C header, NAME.h")->required();
      app.add_option("--name", o->name,
                     "what the array NAME_bytes and the numbers NAME_INPUTS "
                     "are called (default: as the header)");
      app.footer(
          "\nThe header is for C99, C11 and C++ and needs no file system; "
          "examples/firmware\nbuilds a program around it.");
      return [o] {
        write_c_array(o->model, o->out, o->name);
        std::printf("%s: %ju bytes of model\n", o->out.c_str(),
                    std::filesystem::file_size(o->model));
        return 0;
      };
    },
}};

}  // namespace

}  // namespace signet
