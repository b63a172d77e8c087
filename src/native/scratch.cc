#include "scratch.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace selfmri {
namespace {

/** With AddressSanitizer each block is new and has its exact size, so that the sanitizer finds each overflow. */
#if defined(__SANITIZE_ADDRESS__)
constexpr bool KEEPS_BLOCKS = false;
#else
constexpr bool KEEPS_BLOCKS = true;
#endif

struct Block {
  float* data;
  std::size_t size;
};

std::mutex& mutex() {
  static auto* const made = new std::mutex;
  return *made;
}

/** Blocks that no kernel uses now. Never destroyed, because a thread may compute until the process ends. */
std::vector<Block>& freeBlocks() {
  static auto* const made = new std::vector<Block>;
  return *made;
}

std::atomic<std::size_t> mostBytes{0};

/** Takes the smallest block that is large enough, else the largest block, which the caller replaces. */
Block takeBlock(std::size_t floats) {
  std::lock_guard<std::mutex> lock(mutex());
  auto& blocks = freeBlocks();
  if (blocks.empty()) return {nullptr, 0};
  std::size_t best = 0;
  for (std::size_t i = 1; i < blocks.size(); i++) {
    const bool fits = blocks[i].size >= floats, bestFits = blocks[best].size >= floats;
    const bool isSmaller = blocks[i].size < blocks[best].size;
    if (fits ? !bestFits || isSmaller : !bestFits && !isSmaller) best = i;
  }
  const Block taken = blocks[best];
  blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(best));
  return taken;
}

}  // namespace

Scratch::Scratch(std::size_t floats) {
  if (mostBytes != 0 && floats > mostBytes / sizeof(float)) throw std::bad_alloc();
  const Block block = takeBlock(floats);
  data = block.data;
  size = block.size;
  if (size >= floats && data) return;
  std::free(data);
  void* made = nullptr;
  if (floats > SIZE_MAX / sizeof(float) || posix_memalign(&made, 64, floats * sizeof(float) + (floats == 0)))
    throw std::bad_alloc();
  data = static_cast<float*>(made);
  size = floats;
}

Scratch::~Scratch() {
  if (KEEPS_BLOCKS) {
    std::lock_guard<std::mutex> lock(mutex());
    try {
      freeBlocks().push_back({data, size});
      return;
    } catch (const std::bad_alloc&) {
    }
  }
  std::free(data);
}

Scratch::operator float*() const { return data; }

void limitScratch(std::size_t bytes) { mostBytes = bytes; }

}  // namespace selfmri
