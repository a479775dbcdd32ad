#include "libs/device/huge_buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"

namespace tessera::device {
namespace {

constexpr int64_t kHugePageBytes = int64_t{2} << 20;

}  // namespace

HugeBuffer::~HugeBuffer() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

absl::StatusOr<HugeBuffer> HugeBuffer::Allocate(int64_t num_bytes) {
  if (num_bytes < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a buffer of ", num_bytes, " bytes"));
  }
  HugeBuffer buffer;
  if (num_bytes == 0) return buffer;
  if (num_bytes > std::numeric_limits<int64_t>::max() - 2 * kHugePageBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a buffer of ", num_bytes, " bytes"));
  }
  // One huge page more, so that an aligned start lies inside.
  const size_t mapping_bytes = num_bytes + kHugePageBytes;
  void* mapping = mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for a buffer of ", num_bytes,
                     " bytes: ", std::strerror(errno)));
  }
  const uintptr_t address = reinterpret_cast<uintptr_t>(mapping);
  buffer.mapping_ = mapping;
  buffer.mapping_bytes_ = mapping_bytes;
  buffer.data_ = reinterpret_cast<uint8_t*>((address + kHugePageBytes - 1) /
                                            kHugePageBytes * kHugePageBytes);
  buffer.size_ = num_bytes;
  // Advice only: without huge pages everything works, slower.
  (void)madvise(buffer.data_, num_bytes, MADV_HUGEPAGE);
  return buffer;
}

}  // namespace tessera::device
