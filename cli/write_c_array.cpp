#include "cli/write_c_array.h"

#include <cctype>

#include "signet/data/atomic_file.h"
#include "signet/export/expect.h"
#include "signet/runtime/format/c_array.h"

namespace signet {
namespace {

/// "mlp-2.h" -> "mlp_2".
std::string identifier_of(const std::filesystem::path& header) {
  if (header == "-") return "model";
  std::string name = header.stem();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  const bool starts_badly =
      name.empty() || std::isdigit(static_cast<unsigned char>(name.front()));
  return starts_badly ? "model_" + name : name;
}

}  // namespace

void write_c_array(std::span<const uint8_t> model,
                   const std::filesystem::path& header, std::string name) {
  if (name.empty()) name = identifier_of(header);
  const auto text = runtime::c_array(model, name);
  write_atomically(header, expect(text, "embed"));
}

}  // namespace signet
