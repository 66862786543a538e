// signet embed MODEL --out FILE.h

#include "cli/embed.h"

#include <cctype>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "signet/data/atomic_file.h"
#include "signet/export/expect.h"
#include "signet/runtime/format/c_array.h"

namespace signet {
namespace {

/// "mlp-2.h" -> "mlp_2".
std::string identifier_of(const std::filesystem::path& header) {
  std::string name = header.stem();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  const bool starts_badly =
      name.empty() || std::isdigit(static_cast<unsigned char>(name.front()));
  return starts_badly ? "model_" + name : name;
}

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

void write_c_array(const std::filesystem::path& model,
                   const std::filesystem::path& header, std::string name) {
  if (name.empty()) name = identifier_of(header);
  const auto text = runtime::c_array(read_file(model), name);
  write_atomically(header, expect(text, "embed"));
}

}  // namespace signet
