#include "signet/runtime/format/c_array.h"

#include "signet/runtime/format/model_file.h"
#include "signet/runtime/out_of_memory.h"

namespace signet::runtime {
namespace {

// Not those of <cctype>, which a locale changes.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_identifier(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) return false;
  }
  return true;
}

std::string capitals(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

/// Text of the file, which must not end the comment that it stands in.
std::string harmless(const std::string& text) {
  std::string kept;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~' && c != '/' && c != '\\';
    kept += plain ? c : '?';
  }
  return kept;
}

std::string describe(const ModelDescription& model) {
  std::string text = " * Model:   " + harmless(model.name) + "\n";
  for (const Layer& layer : model.layers) {
    const MapShape out = output_shape(layer);
    text += " * Layer:   " + harmless(name_of(layer)) + ", " +
            to_string(input_shape(layer)) + " to " + to_string(out) +
            " (height x width x channels)\n";
  }
  for (std::size_t i = 0; i < model.classes.size(); ++i) {
    text += " * Class " + std::to_string(i) + ": " +
            harmless(model.classes[i]) + "\n";
  }
  return text;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr std::size_t kPerLine = 12;
  std::string text;
  text.reserve(bytes.size() * 6 + bytes.size() / kPerLine * 3);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += i % kPerLine == 0 ? "\n    0x" : " 0x";
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
    text += ',';
  }
  return text;
}

}  // namespace

Result<std::string> c_array(std::span<const std::uint8_t> bytes,
                            std::string_view name) {
  return or_out_of_memory([&]() -> Result<std::string> {
    if (!is_identifier(name)) {
      return Error{"c_array: the name must be an identifier of C, but got '" +
                   std::string(name) + "'"};
    }
    const auto model = parse(bytes);
    if (!model) return model.error();
    const std::string upper = capitals(name), lower(name);
    const std::string guard = upper + "_MODEL_H";
    const auto outputs = output_shape(model->layers.back()).values();
    return "/* A model of signet, made by `signet embed`. To be included by "
           "one "
           "file, which\n"
           " * loads it: signet_model_from_memory(" +
           lower + "_bytes, sizeof " + lower + "_bytes, ...).\n *\n" +
           describe(*model) + " */\n#ifndef " + guard + "\n#define " + guard +
           "\n\n#include <stdint.h>\n\n#define " + upper + "_INPUTS " +
           std::to_string(model->inputs) + "\n#define " + upper + "_OUTPUTS " +
           std::to_string(outputs) +
           "\n\n/* Aligned, so that it is read in place. */\n"
           "#if defined(__cplusplus)\nalignas(16)\n"
           "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L\n"
           "_Alignas(16)\n"
           "#elif defined(__GNUC__)\n__attribute__((aligned(16)))\n"
           "#endif\nstatic const uint8_t " +
           lower + "_bytes[" + std::to_string(bytes.size()) + "] = {" +
           hex(bytes) + "\n};\n\n#endif /* " + guard + " */\n";
  });
}

}  // namespace signet::runtime
