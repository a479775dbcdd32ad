#include "libs/checkpoint/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera {
namespace {

constexpr uintptr_t kPageBytes = 4096;

// Checks that `fd` is something to map; returns its size.
absl::StatusOr<size_t> RegularFileSize(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot stat ", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is ",
                     S_ISDIR(info.st_mode) ? "a directory" : "a device or pipe",
                     ", not a file"));
  }
  if (info.st_size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
  }
  return info.st_size;
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a pipe must not wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  }
  const absl::Cleanup close_file = [fd] { close(fd); };
  const absl::StatusOr<size_t> size = RegularFileSize(fd, path);
  if (!size.ok()) return size.status();
  void* data = mmap(nullptr, *size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot map ", path));
  }
  return MappedFile(path, {static_cast<const uint8_t*>(data), *size});
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

void MappedFile::Release(absl::Span<const uint8_t> range) const {
  if (range.empty()) return;
  DCHECK(range.data() >= bytes_.data() &&
         range.data() + range.size() <= bytes_.data() + bytes_.size());
  const uintptr_t begin =
      reinterpret_cast<uintptr_t>(range.data()) / kPageBytes * kPageBytes;
  const uintptr_t end =
      reinterpret_cast<uintptr_t>(range.data() + range.size());
  // Best effort: a failure costs memory, nothing else.
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace tessera
