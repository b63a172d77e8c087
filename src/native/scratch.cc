#include "scratch.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace selfmri {
namespace {

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
  if (mostBytes != 0 && 4 * floats > mostBytes) throw std::bad_alloc();
  const Block block = takeBlock(floats);
  data = block.data;
  size = block.size;
  if (size >= floats && data) return;
  std::free(data);
  data = static_cast<float*>(std::aligned_alloc(64, (floats * 4 + 127) / 64 * 64));
  size = floats;
  if (!data) throw std::bad_alloc();
}

Scratch::~Scratch() {
  std::lock_guard<std::mutex> lock(mutex());
  freeBlocks().push_back({data, size});
}

Scratch::operator float*() const { return data; }

void limitScratch(std::size_t bytes) { mostBytes = bytes; }

}  // namespace selfmri
