// Tiles in plain C++: the intrinsics of amx.cpp as functions with the exact
// results of the instructions (Intel's manual, volume 2: LDTILECFG, TILELOADD,
// TDPBSSD ...), so that the kernel can be tested on any processor. What the
// processor would answer with a fault is counted as one.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace signet::runtime {
namespace {
namespace emulated {

struct Tile {
  std::int64_t rows, row_bytes;
  std::uint8_t bytes[16][64];
};

/// The state of the one thread that the tests have.
struct Tiles {
  bool configured = false;
  Tile tile[8] = {};
  long faults = 0;
  long products = 0;
};

Tiles tiles;

/// Intel's rules: palette 1, reserved bytes 0, at most 16 rows of 64 bytes, and
/// either both or neither of a tile's numbers 0.
void load_config(const void* config) {
  std::uint8_t bytes[64];
  std::memcpy(bytes, config, 64);
  tiles.configured = bytes[0] == 1;
  tiles.faults += bytes[0] != 1;
  for (int i = 1; i < 16; ++i) tiles.faults += bytes[i] != 0;
  for (int i = 0; i < 16; ++i) {
    const std::int64_t row_bytes = bytes[16 + 2 * i] + 256 * bytes[17 + 2 * i];
    const std::int64_t rows = bytes[48 + i];
    if (i >= 8) {
      tiles.faults += rows != 0 || row_bytes != 0;
      continue;
    }
    tiles.faults +=
        rows > 16 || row_bytes > 64 || (rows == 0) != (row_bytes == 0);
    tiles.tile[i] = Tile{rows, row_bytes, {}};
  }
}

void release() {
  tiles.configured = false;
  for (Tile& tile : tiles.tile) tile = Tile{};
}

/// The tile, if it may be used.
Tile* find(int number) {
  if (tiles.configured && tiles.tile[number].rows != 0) {
    return &tiles.tile[number];
  }
  ++tiles.faults;
  return nullptr;
}

void zero(int number) {
  if (Tile* tile = find(number)) std::memset(tile->bytes, 0, 1024);
}

void load(int number, const void* base, std::int64_t stride) {
  Tile* tile = find(number);
  if (tile == nullptr) return;
  std::memset(tile->bytes, 0, 1024);
  for (std::int64_t row = 0; row < tile->rows; ++row) {
    std::memcpy(tile->bytes[row], static_cast<const char*>(base) + row * stride,
                tile->row_bytes);
  }
}

void store(int number, void* base, std::int64_t stride) {
  const Tile* tile = find(number);
  if (tile == nullptr) return;
  for (std::int64_t row = 0; row < tile->rows; ++row) {
    std::memcpy(static_cast<char*>(base) + row * stride, tile->bytes[row],
                tile->row_bytes);
  }
}

/// to[m][n] += sum over k and i < 4 of a[m][4 k + i] b[k][4 n + i], modulo
/// 2^32; A is the type of a's bytes, b's are signed.
template <class A>
void multiply(int to, int a, int b) {
  Tile* c = find(to);
  const Tile* x = find(a);
  const Tile* y = find(b);
  if (c == nullptr || x == nullptr || y == nullptr) return;
  if (to == a || to == b || a == b || c->rows != x->rows ||
      c->row_bytes != y->row_bytes || x->row_bytes != 4 * y->rows ||
      c->row_bytes % 4 != 0) {
    ++tiles.faults;
    return;
  }
  ++tiles.products;
  for (std::int64_t m = 0; m < c->rows; ++m) {
    for (std::int64_t n = 0; n < c->row_bytes / 4; ++n) {
      std::uint32_t sum;
      std::memcpy(&sum, c->bytes[m] + 4 * n, 4);
      for (std::int64_t k = 0; k < x->row_bytes / 4; ++k) {
        for (std::int64_t i = 0; i < 4; ++i) {
          const int left = static_cast<A>(x->bytes[m][4 * k + i]);
          const int right = static_cast<std::int8_t>(y->bytes[k][4 * n + i]);
          sum += static_cast<std::uint32_t>(left * right);
        }
      }
      std::memcpy(c->bytes[m] + 4 * n, &sum, 4);
    }
  }
}

}  // namespace emulated
}  // namespace
}  // namespace signet::runtime

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_dpbssd
#undef _tile_dpbusd
#define _tile_loadconfig emulated::load_config
#define _tile_release emulated::release
#define _tile_zero emulated::zero
#define _tile_loadd emulated::load
#define _tile_stream_loadd emulated::load
#define _tile_stored emulated::store
#define _tile_dpbssd emulated::multiply<std::int8_t>
#define _tile_dpbusd emulated::multiply<std::uint8_t>
