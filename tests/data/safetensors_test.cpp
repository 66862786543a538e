#include "signet/data/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

using Bytes = std::vector<uint8_t>;

// Laid out by hand from the format's page, in Python:
//   h = ('{"__metadata__":{"step":"7"},'
//        '"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
//        '"a":{"dtype":"U8","shape":[3,1],"data_offsets":[8,11]}}')
//   h += " " * (-len(h) % 8)
//   struct.pack("<Q", len(h)) + h.encode() +
//     struct.pack("<ff", 1.0, -2.5) + bytes([1, 2, 255])
const std::string kHeader =
    R"({"__metadata__":{"step":"7"},)"
    R"("b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
    R"("a":{"dtype":"U8","shape":[3,1],"data_offsets":[8,11]}})";
const Bytes kData = {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00,
                     0x20, 0xc0, 0x01, 0x02, 0xff};

Bytes by_hand(std::string header, const Bytes& data) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  Bytes file(8 + header.size() + data.size());
  file[0] = static_cast<uint8_t>(header.size() % 256);
  file[1] = static_cast<uint8_t>(header.size() / 256);
  std::copy(header.begin(), header.end(), file.begin() + 8);
  std::copy(data.begin(), data.end(), file.end() - std::ssize(data));
  return file;
}

Safetensors sample() {
  return {
      .tensors = {{"a", {"U8", {3, 1}, {1, 2, 255}}},
                  {"b", {"F32", {2}, {0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0}}}},
      .metadata = {{"step", "7"}}};
}

void expect_equal(const Safetensors& a, const Safetensors& b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    ASSERT_TRUE(b.tensors.contains(name)) << name;
    const TensorData& other = b.tensors.at(name);
    EXPECT_EQ(tensor.dtype, other.dtype);
    EXPECT_EQ(tensor.shape, other.shape);
    EXPECT_EQ(tensor.bytes, other.bytes);
  }
}

std::string error_decoding(const std::string& header, const Bytes& data) {
  return error_of([&] { decode_safetensors(by_hand(header, data), "f"); });
}

TEST(Safetensors, LayoutByHand) {
  // 137 characters of header, padded to 144 = 0x90.
  EXPECT_EQ(kHeader.size(), 137u);
  const Bytes file = by_hand(kHeader, kData);
  EXPECT_EQ(encode_safetensors(sample()), file);
  expect_equal(decode_safetensors(file, "f"), sample());
}

TEST(Safetensors, FileRoundTrip) {
  TempFolder folder;
  Safetensors contents = sample();
  contents.tensors["scalar"] = {"I64", {}, Bytes(8, 3)};
  contents.tensors["empty"] = {"F64", {0, 5}, {}};
  contents.tensors["half \"quoted\" \xc3\xa9"] = {"BF16", {1, 2}, Bytes(4, 8)};
  save_safetensors(folder / "c.safetensors", contents);
  expect_equal(load_safetensors(folder / "c.safetensors"), contents);
  EXPECT_EQ(folder.count(), 1);
  expect_equal(decode_safetensors(encode_safetensors({}), "f"), {});
}

TEST(Safetensors, EveryTensorIsAligned) {
  Safetensors contents;
  for (const std::string dtype : {"U8", "F16", "F32", "F64", "BOOL", "I16"}) {
    contents.tensors["t" + dtype] = {dtype, {3}, Bytes(3 * dtype_size(dtype))};
  }
  const Bytes file = encode_safetensors(contents);
  const std::string text(file.begin(), file.end());
  EXPECT_EQ((8 + file[0] + 256 * file[1]) % 8, 0);
  for (const auto& [name, tensor] : contents.tensors) {
    const size_t at =
        text.find("[", text.find("data_offsets", text.find(name)));
    EXPECT_EQ(std::stoul(text.substr(at + 1)) % dtype_size(tensor.dtype), 0u);
  }
}

TEST(Safetensors, EveryTruncationIsAnError) {
  const Bytes file = encode_safetensors(sample());
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_PRED2(contains, error_of([&] {
                   decode_safetensors(std::span(file.data(), length), "f");
                 }),
                 "f: ")
        << length;
  }
}

// Whatever one byte becomes, the result is a value or one clear line.
TEST(Safetensors, DamageNeverCrashes) {
  const Bytes file = encode_safetensors(sample());
  for (size_t at = 0; at < file.size(); ++at) {
    for (const int change : {1, 2, 16, 128, 255}) {
      Bytes damaged = file;
      damaged[at] ^= static_cast<uint8_t>(change);
      error_of([&] { decode_safetensors(damaged, "f"); });
    }
  }
}

TEST(Safetensors, SaysWhatIsWrong) {
  const auto entry = [](const std::string& text) {
    return error_decoding("{\"a\":" + text + "}", Bytes(8));
  };
  EXPECT_PRED2(contains, entry("1"), "must have a dtype, a shape and two");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})"),
               "tensor \"a\" must have a known dtype (F32, I64, U8, ...), but "
               "got \"F31\"");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
               "must have data_offsets that span F32[3], but got [0,8]");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
               "must have data_offsets that span F32[2], but got [8,0]");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"),
               "must have a dtype, a shape and two");
  // 4 * 2^31 * 2^31 = 2^64 is 0 in 64 bits.
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[2147483648,2147483648],)"
                     R"("data_offsets":[0,0]})"),
               "must have data_offsets that span F32[2147483648,2147483648]");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
               "must end within the data, at most at 8, but got data_offsets 0 "
               "to 16 (a truncated file)");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"),
               "must end with its last tensor, but got 4 more bytes");
  EXPECT_PRED2(contains,
               entry(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"),
               "must begin where the one before it ends, at 0");
  EXPECT_PRED2(
      contains,
      error_decoding(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                     R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                     Bytes(6)),
      "tensor \"b\" must begin where the one before it ends, at 4, "
      "but got data_offsets 2 to 6");
  EXPECT_PRED2(contains, error_decoding(R"({"__metadata__":{"a":1}})", {}),
               "__metadata__ must map names to strings");
  EXPECT_PRED2(contains, error_decoding(R"({"__metadata__":[]})", {}),
               "__metadata__ must map names to strings");
  EXPECT_PRED2(contains, error_decoding("[1, 2]", {}),
               "must have a header that is a JSON object, but got array");
  EXPECT_PRED2(contains, error_decoding("{\"a\":", {}),
               "must have a header in JSON");
  EXPECT_PRED2(
      contains,
      error_decoding(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                     R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                     Bytes(1)),
      "names must differ, but got \"a\" twice in the header");
  EXPECT_PRED2(contains,
               error_of([] { decode_safetensors(Bytes(100, 0xff), "f"); }),
               "got a header of 18446744073709551615 bytes in a file of 100");
}

TEST(Safetensors, WriterChecksItsTensors) {
  const auto saving = [](const std::string& name, const TensorData& tensor) {
    return error_of([&] { encode_safetensors({.tensors = {{name, tensor}}}); });
  };
  EXPECT_PRED2(contains, saving("w", {"F32", {2}, Bytes(7)}),
               "tensor \"w\" must have a known dtype and bytes that fill its "
               "shape, but got F32[2] with 7 bytes");
  EXPECT_PRED2(contains, saving("w", {"float", {2}, Bytes(8)}),
               "must have a known dtype");
  EXPECT_PRED2(contains, saving("__metadata__", {"U8", {1}, Bytes(1)}),
               "must have a known dtype");
  EXPECT_PRED2(contains, saving("\xff", {"U8", {1}, Bytes(1)}),
               "names and metadata must be UTF-8");
}

}  // namespace
}  // namespace signet
