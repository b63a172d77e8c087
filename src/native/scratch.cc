#include "scratch.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace selfmri {
namespace {

// GCC and Clang tell of AddressSanitizer in different ways.
#if defined(__SANITIZE_ADDRESS__)
#define SELF_MRI_CHECKS_ADDRESSES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SELF_MRI_CHECKS_ADDRESSES
#endif
#endif

/** With AddressSanitizer each block is new and has its exact size, so that the sanitizer finds each overflow. */
#if defined(SELF_MRI_CHECKS_ADDRESSES)
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

/**
 * Blocks of this many bytes and more come from the system, and go back to the system when a larger block replaces them.
 * The heap would keep them.
 */
constexpr std::size_t LARGE = std::size_t{1} << 20;

std::size_t bytesOf(std::size_t floats) { return floats * sizeof(float); }
bool isLarge(std::size_t floats) { return KEEPS_BLOCKS && bytesOf(floats) >= LARGE; }

float* allocate(std::size_t floats) {
  if (floats > SIZE_MAX / sizeof(float)) throw std::bad_alloc();
  if (isLarge(floats)) {
    void* const made = mmap(nullptr, bytesOf(floats), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) throw std::bad_alloc();
    return static_cast<float*>(made);
  }
  void* made = nullptr;
  if (posix_memalign(&made, 64, bytesOf(floats) + (floats == 0))) throw std::bad_alloc();
  return static_cast<float*>(made);
}

void release(const Block& block) {
  if (block.data && isLarge(block.size)) munmap(block.data, bytesOf(block.size));
  else std::free(block.data);
}

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
  release(block);
  data = allocate(floats);
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
  release({data, size});
}

Scratch::operator float*() const { return data; }

std::size_t releaseScratch() {
  std::vector<Block> unused;
  {
    std::lock_guard<std::mutex> lock(mutex());
    unused.swap(freeBlocks());
  }
  std::size_t bytes = 0;
  for (const Block& block : unused) {
    bytes += bytesOf(block.size);
    release(block);
  }
  return bytes;
}

void limitScratch(std::size_t bytes) { mostBytes = bytes; }

}  // namespace selfmri
