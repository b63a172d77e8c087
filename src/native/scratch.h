/** Working memory of the kernels, outside TensorFlow's allocator. */
#pragma once
#include <cstddef>

namespace selfmri {

/**
 * Floats, aligned to 64 bytes, not initialised. The memory is kept for the next call until `releaseScratch`, so as much
 * memory is kept as is used at one time. Throws std::bad_alloc.
 */
class Scratch {
public:
  explicit Scratch(std::size_t floats);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator float*() const;

private:
  float* data = nullptr;
  std::size_t size = 0;
};

/** Frees the memory that is kept and that no call uses now. Any thread may call this. Returns the number of bytes. */
std::size_t releaseScratch();

/** For tests: working memory of more than this many bytes throws std::bad_alloc. 0: no limit. */
void limitScratch(std::size_t bytes);

}  // namespace selfmri
