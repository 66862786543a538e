#include "signet/runtime/model.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <thread>

#include "signet/runtime/format/model_file.h"
#include "signet/runtime/packed_model.h"
#include "tests/runtime/random_model.h"

namespace {
std::atomic<long> allocations{0};
std::atomic<long> live{0};  // bytes
std::atomic<long> peak{0};  // of live

void* counted(void* p) {
  if (p == nullptr) throw std::bad_alloc();
  ++allocations;
  live += static_cast<long>(::malloc_usable_size(p));
  peak = std::max<long>(peak, live);
  return p;
}

void free_counted(void* p) {
  live -= static_cast<long>(::malloc_usable_size(p));
  std::free(p);
}
}  // namespace

// Every allocation of this program is counted.
void* operator new(std::size_t bytes) { return counted(std::malloc(bytes)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit));
}
// libstdc++'s own calls the first of these; a sanitizer's does not.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  void* const p = std::malloc(bytes);
  return p ? counted(p) : nullptr;
}
void operator delete(void* p) noexcept { free_counted(p); }
void operator delete(void* p, std::size_t) noexcept { free_counted(p); }
void operator delete(void* p, std::align_val_t) noexcept { free_counted(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  free_counted(p);
}

namespace signet::runtime {
namespace {

/// Sets an environment variable for the length of a test.
class ForceIsa {
 public:
  explicit ForceIsa(const char* name) { ::setenv("SIGNET_FORCE_ISA", name, 1); }
  ~ForceIsa() { ::unsetenv("SIGNET_FORCE_ISA"); }
};

ModelDescription perceptron(InputEncoding input) {
  Engine engine(20);
  return random_model(engine, input, {50, 130, 200, 33, 10});
}

Model make(const ModelDescription& description, std::optional<Isa> isa = {}) {
  auto model = Model::from_description(description, {.isa = isa});
  EXPECT_TRUE(model.ok()) << model.error().message;
  return *model;
}

std::vector<float> scores_of(const Model& model,
                             const std::vector<std::uint8_t>& inputs,
                             std::int64_t batch, std::int64_t max_batch) {
  auto workspace = Workspace::create(model, max_batch);
  std::vector<float> scores(batch * model.info().outputs, -1);
  const auto done = model.forward(inputs, batch, *workspace, scores);
  EXPECT_TRUE(done.ok()) << done.error().message;
  return scores;
}

TEST(Model, GivesTheSameOnEveryLevelAndInEveryBatch) {
  for (const auto input :
       {InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits}) {
    const auto description = perceptron(input);
    Engine engine(21);
    for (const std::int64_t batch : {1, 5, 64, 130}) {
      const auto inputs = random_inputs(engine, input, batch, 50);
      const auto expected = naive_scores(description, inputs);
      for (const Isa isa : available_isas()) {
        const Model model = make(description, isa);
        EXPECT_EQ(model.isa(), std::min(isa, *choose_isa()));
        for (const std::int64_t max_batch : {1, 7, 64, 1000}) {
          EXPECT_EQ(scores_of(model, inputs, batch, max_batch), expected);
        }
      }
    }
  }
}

TEST(Model, OfImagesGivesTheSameOnEveryLevelAndInEveryBatch) {
  Engine engine(27);
  for (const auto input :
       {InputEncoding::pixels, InputEncoding::signs, InputEncoding::bits}) {
    for (const std::int64_t channels : {35, 64}) {
      const auto description = random_image_model(engine, input, channels);
      const auto inputs = random_inputs(engine, input, 70, 9 * 11 * 3);
      const auto expected = naive_trace(description, inputs);
      for (const Isa isa : available_isas()) {
        const Model model = make(description, isa);
        for (const std::int64_t max_batch : {1, 7, 1000}) {
          EXPECT_EQ(scores_of(model, inputs, 70, max_batch), expected.scores);
        }
        auto workspace = Workspace::create(model, 32);
        const auto trace = model.trace(inputs, 70, *workspace);
        ASSERT_TRUE(trace.ok());
        EXPECT_EQ(trace->scores, expected.scores);
        for (std::size_t i = 0; i < description.layers.size(); ++i) {
          EXPECT_EQ(trace->layers[i].sums, expected.layers[i].sums) << i;
          EXPECT_EQ(trace->layers[i].bits, expected.layers[i].bits) << i;
        }
      }
    }
  }
}

TEST(Model, LargeImagesAreDoneInSmallBlocks) {
  Engine engine(28);
  ModelDescription description{.name = "large", .inputs = 200 * 200};
  description.layers = {
      random_conv(engine, InputEncoding::pixels, {200, 200, 1}, 64,
                  {3, 3, 1, 1}),
      random_pool(engine, {200, 200, 64}, {50, 50, 50}),
      random_layer(engine, InputEncoding::signs, 4 * 4 * 64, 5, true)};
  const PackedModel packed = pack_model(description, Isa::scalar);
  const PassMemory memory = memory_for(packed, 64);
  EXPECT_EQ(memory.block, 1);
  EXPECT_EQ(memory.activations[0].size(), 200 * 200 * 8);
  // One image in its frame, not a patch of 9 bytes for each pixel.
  EXPECT_LT(memory.scratch.size(), 202 * 202 + 4096);
  const auto inputs =
      random_inputs(engine, InputEncoding::pixels, 2, 200 * 200);
  EXPECT_EQ(scores_of(make(description), inputs, 2, 64),
            naive_scores(description, inputs));
}

TEST(Model, ClassifyTakesTheFirstOfEqualScores) {
  ModelDescription description = perceptron(InputEncoding::pixels);
  auto& last = std::get<BinaryLinear>(description.layers.back());
  auto& [scale, offset] = std::get<Scores>(last.output);
  std::fill(scale.begin(), scale.end(), 0.0F);
  offset = {0, 1, 2, 5, 1, 5, 5, 0, 0, 0};
  const Model model = make(description);
  auto workspace = Workspace::create(model, 4);
  const std::vector<std::uint8_t> inputs(9 * 50, 3);
  std::vector<std::int32_t> labels(9, -1);
  ASSERT_TRUE(model.classify(inputs, 9, *workspace, labels).ok());
  EXPECT_EQ(labels, std::vector<std::int32_t>(9, 3));
}

TEST(Model, ClassifyAgreesWithForward) {
  const Model model = make(perceptron(InputEncoding::pixels));
  Engine engine(22);
  const auto inputs = random_inputs(engine, InputEncoding::pixels, 100, 50);
  const auto scores = scores_of(model, inputs, 100, 64);
  auto workspace = Workspace::create(model);
  std::vector<std::int32_t> labels(100);
  ASSERT_TRUE(model.classify(inputs, 100, *workspace, labels).ok());
  for (int i = 0; i < 100; ++i) {
    const auto row = scores.begin() + i * 10;
    EXPECT_EQ(labels[i], std::max_element(row, row + 10) - row);
  }
}

TEST(Model, TraceShowsEveryLayer) {
  const auto description = perceptron(InputEncoding::pixels);
  Engine engine(23);
  const auto inputs = random_inputs(engine, InputEncoding::pixels, 70, 50);
  for (const Isa isa : available_isas()) {
    const Model model = make(description, isa);
    auto workspace = Workspace::create(model, 32);
    const auto trace = model.trace(inputs, 70, *workspace);
    ASSERT_TRUE(trace.ok());
    const auto expected = naive_trace(description, inputs);
    EXPECT_EQ(trace->scores, expected.scores);
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
      EXPECT_EQ(trace->layers[i].sums, expected.layers[i].sums);
      EXPECT_EQ(trace->layers[i].bits, expected.layers[i].bits);
    }
    EXPECT_TRUE(trace->layers.back().bits.empty());
  }
}

TEST(Model, PassesAllocateNothing) {
  Engine engine(26);
  for (auto description :
       {perceptron(InputEncoding::pixels), perceptron(InputEncoding::signs),
        random_image_model(engine, InputEncoding::pixels, 64),
        random_image_model(engine, InputEncoding::bits, 35)}) {
    add_random_noise(engine, description);
    const Model model = make(description);
    const long at_first = allocations;
    auto workspace = Workspace::create(model, 16);
    const std::vector<std::uint8_t> inputs(40 * model.info().inputs, 1);
    std::vector<float> scores(40 * model.info().outputs);
    std::vector<std::int32_t> labels(40);
    std::vector<float> entropy(40), mutual_information(40);
    const long before = allocations;
    EXPECT_GT(before, at_first) << "the library's are not counted";
    const auto forward = model.forward(inputs, 40, *workspace, scores);
    const auto classify = model.classify(inputs, 40, *workspace, labels);
    const auto sample = model.sample(inputs, 40, {.samples = 3}, *workspace,
                                     {scores, entropy, mutual_information});
    const long after = allocations;
    EXPECT_EQ(after, before);
    EXPECT_TRUE(forward.ok() && classify.ok() && sample.ok());
  }
}

/// The least max_memory with which bytes load.
std::int64_t least_memory(const std::vector<std::uint8_t>& bytes, Isa isa) {
  std::int64_t fails = 0, loads = std::int64_t{1} << 26;
  while (loads - fails > 1) {
    const std::int64_t middle = (fails + loads) / 2;
    const auto model =
        Model::from_bytes(bytes, {.isa = isa, .max_memory = middle});
    if (!model) {
      EXPECT_EQ(model.error().kind, ErrorKind::limit);
    }
    (model ? loads : fails) = middle;
  }
  return loads;
}

TEST(Model, LoadingTakesTheMemoryThatItMay) {
  Engine engine(31);
  ModelDescription padded{.name = "padded", .inputs = 20 * 20};
  padded.layers = {
      random_conv(engine, InputEncoding::signs, {20, 20, 1}, 3, {15, 15, 1, 7}),
      random_layer(engine, InputEncoding::signs, 20 * 20 * 3, 5, true)};
  for (const auto& description :
       {perceptron(InputEncoding::pixels), perceptron(InputEncoding::signs),
        random_image_model(engine, InputEncoding::pixels, 64),
        random_image_model(engine, InputEncoding::bits, 35), padded}) {
    const auto bytes = serialize(description);
    for (const Isa isa : available_isas()) {
      const std::int64_t allowed = least_memory(*bytes, isa);
      const long before = live;
      peak = before;
      const auto model =
          Model::from_bytes(*bytes, {.isa = isa, .max_memory = allowed});
      const long loading = peak - before, loaded = live - before;
      ASSERT_TRUE(model.ok());
      peak = live.load();
      const auto workspace = Workspace::create(*model, 1);
      ASSERT_TRUE(workspace.ok()) << workspace.error().message;
      const long running = peak - before;
      EXPECT_LE(loading, allowed) << isa_name(isa);
      EXPECT_LE(loaded, model->info().memory) << isa_name(isa);
      EXPECT_LE(running, allowed) << isa_name(isa);
      // The limit refuses little that would have fitted.
      EXPECT_LT(allowed, 2 * std::max(loading, running) + 16384);

      const auto large = Workspace::create(*model, 64);
      if (!large) {
        EXPECT_EQ(large.error().kind, ErrorKind::limit);
      }
    }
  }
}

TEST(Model, SmallFilesCannotAskForMuch) {
  Engine engine(32);
  // 64 kB of weights that would frame an image with 16 MB and sum windows for
  // seconds an output.
  ModelDescription wide{.name = "wide", .inputs = 15000};
  wide.layers = {random_conv(engine, InputEncoding::pixels, {15000, 1, 1}, 1,
                             {501, 1001, 1, 500}),
                 // 15000 + 2 x 500 - 501 + 1 rows of places, one column.
                 random_layer(engine, InputEncoding::bits, 15500, 2, true)};
  const auto bytes = serialize(wide);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_LT(bytes->size(), 100000);
  const auto slow = Model::from_bytes(*bytes);
  ASSERT_FALSE(slow.ok());
  EXPECT_NE(slow.error().message.find("steps"), std::string::npos);
  const long before = live;
  peak = before;
  const auto large = Model::from_bytes(
      *bytes,
      {.isa = {}, .max_memory = 1 << 20, .max_steps = std::int64_t{1} << 60});
  ASSERT_FALSE(large.ok());
  EXPECT_NE(large.error().message.find("bytes"), std::string::npos);
  EXPECT_LT(peak - before, 1 << 20);
}

TEST(Model, ThreadsShareIt) {
  Engine engine(24);
  for (const auto& description :
       {perceptron(InputEncoding::pixels),
        random_image_model(engine, InputEncoding::pixels, 64)}) {
    const Model model = make(description);
    const std::int64_t batch = 24;
    const auto inputs =
        random_inputs(engine, InputEncoding::pixels, batch, description.inputs);
    const auto expected = scores_of(model, inputs, batch, batch);
    std::atomic<int> wrong{0};
    const auto work = [&](std::int64_t max_batch) {
      auto workspace = Workspace::create(model, max_batch);
      std::vector<float> scores(expected.size());
      for (int i = 0; i < 30; ++i) {
        std::fill(scores.begin(), scores.end(), 0.0F);
        const bool ok = model.forward(inputs, batch, *workspace, scores).ok();
        if (!ok || scores != expected) ++wrong;
      }
    };
    std::vector<std::thread> others;
    for (const std::int64_t max_batch : {1, 3, 7}) {
      others.emplace_back(work, max_batch);
    }
    work(batch);
    for (auto& other : others) other.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Model, WrongSizesAreErrors) {
  const Model model = make(perceptron(InputEncoding::pixels));
  auto workspace = Workspace::create(model, 4);
  std::vector<std::uint8_t> inputs(2 * 50);
  std::vector<float> scores(2 * 10);
  std::vector<std::int32_t> labels(2);
  EXPECT_TRUE(model.forward(inputs, 2, *workspace, scores).ok());
  EXPECT_EQ(model.forward(inputs, 3, *workspace, scores).error().message,
            "forward: inputs must hold 3 x 50 values, but got 100");
  EXPECT_FALSE(model.forward(inputs, 0, *workspace, scores).ok());
  EXPECT_FALSE(model.forward({}, 0, *workspace, {}).ok());
  EXPECT_FALSE(model.forward(inputs, -1, *workspace, scores).ok());
  EXPECT_FALSE(
      model.forward(inputs, std::int64_t{1} << 62, *workspace, scores).ok());
  scores.pop_back();
  EXPECT_FALSE(model.forward(inputs, 2, *workspace, scores).ok());
  labels.pop_back();
  EXPECT_FALSE(model.classify(inputs, 2, *workspace, labels).ok());
  EXPECT_FALSE(Workspace::create(model, 0).ok());

  const Model other = make(perceptron(InputEncoding::pixels));
  scores.resize(20);
  EXPECT_EQ(other.forward(inputs, 2, *workspace, scores).error().message,
            "forward: the workspace was made for another model");
  const Workspace moved = std::move(*workspace);
  EXPECT_FALSE(model.forward(inputs, 2, *workspace, scores).ok());
}

TEST(Model, SaysWhatItIs) {
  const Model model = make(perceptron(InputEncoding::pixels), Isa::scalar);
  const ModelInfo& info = model.info();
  EXPECT_EQ(info.inputs, 50);
  EXPECT_EQ(info.outputs, 10);
  ASSERT_EQ(info.layers.size(), 4);
  EXPECT_EQ(info.layers[1].weights, 130 * 200);
  EXPECT_EQ(info.layers[1].file_bytes, 200 * 3 * 8 + 200 * 4);
  EXPECT_EQ(info.layers[0].kernel, "scalar: loop over pixels");
  EXPECT_EQ(info.layers[3].kernel, "scalar: xor and popcount by words");
  EXPECT_TRUE(info.layers[3].gives_scores);
}

TEST(Model, SaysWhatItDoesWithImages) {
  Engine engine(29);
  const Model model =
      make(random_image_model(engine, InputEncoding::pixels, 64), Isa::scalar);
  const ModelInfo& info = model.info();
  EXPECT_EQ(to_string(info.in), "9x11x3");
  EXPECT_EQ(info.inputs, 9 * 11 * 3);
  ASSERT_EQ(info.layers.size(), 8);
  const LayerInfo& conv = info.layers[1];
  EXPECT_EQ(conv.kind, "binary convolution");
  EXPECT_EQ(to_string(conv.in), "9x11x64");
  EXPECT_EQ(to_string(conv.out), "9x11x66");
  EXPECT_EQ(conv.window, "3x3, stride 1, pad 1 zero");
  EXPECT_EQ(conv.weights, 9 * 64 * 66);
  EXPECT_EQ(conv.macs, 99 * 9 * 64 * 66);
  EXPECT_EQ(conv.file_bytes, 66 * (9 * 8 + 4));
  EXPECT_EQ(conv.kernel, "scalar: xor and popcount by words");
  const LayerInfo& pool = info.layers[2];
  EXPECT_EQ(pool.kind, "max pooling");
  EXPECT_EQ(pool.window, "2x2, stride 2");
  EXPECT_EQ(to_string(pool.out), "4x5x66");
  EXPECT_EQ(pool.macs, 0);
  EXPECT_EQ(info.layers[3].window, "2x3, stride 1, pad 1 plus");
  EXPECT_EQ(info.layers[6].window, "");
  EXPECT_EQ(info.layers[6].inputs, info.layers[5].outputs);
}

TEST(Model, LoadsFromAFile) {
  const auto description = perceptron(InputEncoding::pixels);
  const auto path = std::filesystem::temp_directory_path() /
                    ("signet_model_test_" + std::to_string(::getpid()));
  const auto bytes = serialize(description);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes->data()),
             static_cast<std::streamsize>(bytes->size()));
  const auto model = Model::load(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  Engine engine(25);
  const auto inputs = random_inputs(engine, InputEncoding::pixels, 3, 50);
  EXPECT_EQ(scores_of(*model, inputs, 3, 3), naive_scores(description, inputs));
}

TEST(Model, FilesThatCannotBeReadAreErrors) {
  EXPECT_FALSE(Model::load("/no/such/file.signet").ok());
  EXPECT_FALSE(Model::load("/").ok());
  EXPECT_FALSE(Model::load("/dev/null").ok());
}

TEST(Isa, EnvironmentVariableTakesEffect) {
  const auto description = perceptron(InputEncoding::pixels);
  for (const Isa isa : available_isas()) {
    const ForceIsa force(std::string(isa_name(isa)).c_str());
    const Model model = make(description);
    EXPECT_EQ(model.isa(), std::min(isa, *choose_isa()));
    for (const auto& layer : model.info().layers) {
      EXPECT_EQ(layer.kernel.find(std::string(isa_name(isa)) + ": "), 0);
    }
  }
}

TEST(Isa, TheLowerOfTwoCapsWins) {
  const ForceIsa force("scalar");
  for (const Isa isa : available_isas()) {
    EXPECT_EQ(*choose_isa(isa), Isa::scalar);
  }
}

TEST(Isa, NothingForcedIsTheBest) {
  const ForceIsa force("");
  EXPECT_EQ(*choose_isa(), available_isas().back());
  EXPECT_EQ(available_isas().front(), Isa::scalar);
}

TEST(Isa, BadNamesListWhatIsValid) {
  std::string valid;
  for (const Isa isa : available_isas()) {
    valid += (valid.empty() ? "" : ", ") + std::string(isa_name(isa));
  }
  {
    const ForceIsa force("avx1024");
    EXPECT_EQ(choose_isa().error().message,
              "SIGNET_FORCE_ISA: instruction set 'avx1024' is unknown; valid "
              "here: " +
                  valid);
    EXPECT_FALSE(
        Model::from_description(perceptron(InputEncoding::signs)).ok());
  }
  for (const Isa isa :
       {Isa::scalar, Isa::avx2, Isa::avx512vpopcnt, Isa::amx, Isa::neon}) {
    const auto available = available_isas();
    const bool here =
        std::find(available.begin(), available.end(), isa) != available.end();
    const auto chosen = choose_isa(isa);
    EXPECT_EQ(chosen.ok(), here);
    if (!here) {
      EXPECT_EQ(chosen.error().message,
                "choose_isa: instruction set '" + std::string(isa_name(isa)) +
                    "' is not available here; valid here: " + valid);
    }
  }
}

}  // namespace
}  // namespace signet::runtime
