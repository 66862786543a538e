#include "signet/data/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "signet/base/nesting.h"
#include "signet/base/printable.h"
#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"

namespace signet {
namespace {

using nlohmann::json;

constexpr char kMetadata[] = "__metadata__";
constexpr size_t kLengthBytes = 8;
// As the format's own reader.
constexpr uint64_t kMaxHeader = 100'000'000;

// Bytes that a tensor takes; false if its type is unknown, a size is negative
// or the product does not fit.
bool tensor_bytes(const std::string& dtype, const std::vector<int64_t>& shape,
                  uint64_t& bytes) {
  bytes = dtype_size(dtype);
  if (bytes == 0) return false;
  for (const int64_t size : shape) {
    if (size < 0) return false;
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) {
      return false;
    }
  }
  return true;
}

std::string described(const std::string& dtype,
                      const std::vector<int64_t>& shape) {
  return dtype + printable(json(shape).dump(), 200);
}

// One tensor as the header tells of it.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

bool are_naturals(const json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& item) {
           return item.is_number_unsigned() &&
                  item.get<uint64_t>() <= uint64_t{INT64_MAX};
         });
}

bool are_strings(const json& value) {
  return value.is_object() &&
         std::all_of(value.begin(), value.end(),
                     [](const json& item) { return item.is_string(); });
}

Entry parse_entry(const std::string& name, const json& value,
                  const std::filesystem::path& source) {
  const std::string tensor = "tensor \"" + printable(name) + "\" ";
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
      !value.contains("shape") || !value.contains("data_offsets") ||
      !value["dtype"].is_string() || !are_naturals(value["shape"]) ||
      !are_naturals(value["data_offsets"]) ||
      value["data_offsets"].size() != 2) {
    bad_file(source, tensor +
                         "must have a dtype, a shape and two data_offsets, but "
                         "got " +
                         printable(value.dump(), 100));
  }
  Entry entry{.name = name,
              .dtype = value["dtype"],
              .shape = value["shape"],
              .begin = value["data_offsets"][0],
              .end = value["data_offsets"][1]};
  uint64_t bytes = 0;
  if (dtype_size(entry.dtype) == 0) {
    bad_file(source, tensor + "must have a known dtype (F32, I64, U8, ...), " +
                         "but got \"" + printable(entry.dtype) + "\"");
  }
  if (!tensor_bytes(entry.dtype, entry.shape, bytes) ||
      entry.end < entry.begin || entry.end - entry.begin != bytes) {
    bad_file(source, tensor + "must have data_offsets that span " +
                         described(entry.dtype, entry.shape) + ", but got " +
                         printable(value["data_offsets"].dump()));
  }
  return entry;
}

json parse_header(std::span<const uint8_t> bytes,
                  const std::filesystem::path& source) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              bytes.size());
  if (json_nesting(text) > kMaxNesting) {
    bad_file(source, "must have a header of at most " +
                         std::to_string(kMaxNesting) +
                         " brackets within one another, but got more");
  }
  // The parser keeps the last of two equal keys; the format forbids them.
  std::vector<std::set<std::string>> keys;
  const auto forbid_twins = [&](int depth, json::parse_event_t event,
                                json& parsed) {
    if (event == json::parse_event_t::object_start) {
      keys.resize(static_cast<size_t>(depth) + 1);
      keys.back().clear();
    } else if (event == json::parse_event_t::key &&
               !keys.at(static_cast<size_t>(depth) - 1)
                    .insert(parsed.get<std::string>())
                    .second) {
      bad_file(source, "names must differ, but got " +
                           printable(parsed.dump(), 100) +
                           " twice in the header");
    }
    return true;
  };
  json header;
  try {
    header = json::parse(bytes.begin(), bytes.end(), forbid_twins);
  } catch (const json::parse_error& error) {
    const size_t at = error.byte > 0 ? error.byte - 1 : 0;
    bad_file(source, "must have a header in JSON, but got \"" +
                         printable(text.substr(std::min(at, text.size())), 20) +
                         "\" at its byte " + std::to_string(at));
  } catch (const json::exception&) {
    bad_file(source,
             "must have a header in JSON, but got a number that is out "
             "of range");
  }
  if (!header.is_object()) {
    bad_file(source, "must have a header that is a JSON object, but got " +
                         std::string(header.type_name()));
  }
  return header;
}

}  // namespace

std::string Safetensors::format() const {
  const auto found = metadata.find("format");
  return found == metadata.end() ? "" : found->second;
}

bool Safetensors::is_checkpoint() const {
  return format().starts_with("signet-checkpoint-");
}

size_t dtype_size(const std::string& dtype) {
  static const std::map<std::string, size_t> sizes = {
      {"F64", 8},  {"I64", 8}, {"U64", 8}, {"F32", 4},     {"I32", 4},
      {"U32", 4},  {"F16", 2}, {"I16", 2}, {"U16", 2},     {"BF16", 2},
      {"BOOL", 1}, {"I8", 1},  {"U8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

std::vector<uint8_t> encode_safetensors(const Safetensors& contents) {
  std::vector<const std::pair<const std::string, TensorData>*> order;
  for (const auto& item : contents.tensors) {
    const auto& [name, tensor] = item;
    uint64_t bytes = 0;
    if (name == kMetadata || !tensor_bytes(tensor.dtype, tensor.shape, bytes) ||
        bytes != tensor.bytes.size()) {
      throw std::runtime_error(
          "encode_safetensors: tensor \"" + printable(name) +
          "\" must have a known dtype and bytes that fill its shape, but got " +
          described(tensor.dtype, tensor.shape) + " with " +
          std::to_string(tensor.bytes.size()) + " bytes");
    }
    order.push_back(&item);
  }
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) {
    return dtype_size(a->second.dtype) > dtype_size(b->second.dtype);
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!contents.metadata.empty()) header[kMetadata] = contents.metadata;
  uint64_t offset = 0;
  for (const auto* item : order) {
    const TensorData& tensor = item->second;
    const uint64_t end = offset + tensor.bytes.size();
    header[item->first] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    throw std::runtime_error(
        "encode_safetensors: names and metadata must be UTF-8, but got other "
        "bytes");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');

  std::vector<uint8_t> file;
  file.reserve(kLengthBytes + text.size() + offset);
  for (size_t i = 0; i < kLengthBytes; ++i) {
    file.push_back(static_cast<uint8_t>(text.size() >> (8 * i)));
  }
  file.insert(file.end(), text.begin(), text.end());
  for (const auto* item : order) {
    const auto& bytes = item->second.bytes;
    file.insert(file.end(), bytes.begin(), bytes.end());
  }
  return file;
}

Safetensors decode_safetensors(std::span<const uint8_t> file,
                               const std::filesystem::path& source) {
  uint64_t length = 0;
  for (size_t i = 0; i < std::min(kLengthBytes, file.size()); ++i) {
    length |= static_cast<uint64_t>(file[i]) << (8 * i);
  }
  if (file.size() < kLengthBytes || length > kMaxHeader ||
      length > file.size() - kLengthBytes) {
    bad_file(source, "must be a safetensors file, but got a header of " +
                         std::to_string(length) + " bytes in a file of " +
                         std::to_string(file.size()) +
                         " (truncated or another format)");
  }
  const auto data = file.subspan(kLengthBytes + length);

  Safetensors contents;
  std::vector<Entry> entries;
  const json header = parse_header(file.subspan(kLengthBytes, length), source);
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(parse_entry(name, value, source));
      continue;
    }
    if (!are_strings(value)) {
      bad_file(source, "__metadata__ must map names to strings, but got " +
                           printable(value.dump(), 100));
    }
    contents.metadata = value;
  }

  // In the order of their bytes, each tensor must begin where the last ended.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t offset = 0;
  for (Entry& entry : entries) {
    if (entry.begin != offset || entry.end > data.size()) {
      bad_file(
          source,
          "tensor \"" + entry.name + "\" must " +
              (entry.begin != offset ? "begin where the one before it ends, at "
                                     : "end within the data, at most at ") +
              std::to_string(entry.begin != offset ? offset : data.size()) +
              ", but got data_offsets " + std::to_string(entry.begin) + " to " +
              std::to_string(entry.end) +
              (entry.begin != offset ? "" : " (a truncated file)"));
    }
    const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
    contents.tensors[entry.name] = {std::move(entry.dtype),
                                    std::move(entry.shape),
                                    {bytes.begin(), bytes.end()}};
    offset = entry.end;
  }
  if (offset != data.size()) {
    bad_file(source, "must end with its last tensor, but got " +
                         std::to_string(data.size() - offset) + " more bytes");
  }
  return contents;
}

void save_safetensors(const std::filesystem::path& path,
                      const Safetensors& contents) {
  write_atomically(path, encode_safetensors(contents));
}

Safetensors load_safetensors(const std::filesystem::path& path) {
  return decode_safetensors(read_file(path), path);
}

}  // namespace signet
