#include "libs/checkpoint/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera {
namespace {

// Rows of a tensor are a few hundred bytes: gathered into fewer system calls.
constexpr size_t kBufferBytes = 1 << 20;

std::string RandomSuffix() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8));
}

std::string ParentDirectory(const std::string& path) {
  const std::filesystem::path parent =
      std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// Makes the rename itself survive a crash. Best effort: not every file system
// lets a directory be flushed.
void FlushDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  close(fd);
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary_path, int fd)
    : path_(std::move(path)),
      temporary_path_(std::move(temporary_path)),
      fd_(fd) {}

absl::StatusOr<AtomicFile> AtomicFile::Create(std::string path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", path, ": it is a directory"));
  }
  std::string temporary_path = absl::StrCat(path, ".tmp-", RandomSuffix());
  const int fd = open(temporary_path.c_str(),
                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return AtomicFile(std::move(path), std::move(temporary_path), fd);
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_path_, other.temporary_path_);
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(num_bytes_, other.num_bytes_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_path_.c_str());
}

absl::Status AtomicFile::Error(absl::string_view what) const {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path_));
}

absl::Status AtomicFile::WriteOut(const uint8_t* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error("write");
    bytes += written;
    size -= written;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Flush() {
  const absl::Status status = WriteOut(
      reinterpret_cast<const uint8_t*>(buffer_.data()), buffer_.size());
  buffer_.clear();
  return status;
}

absl::Status AtomicFile::Append(absl::Span<const uint8_t> bytes) {
  CHECK(fd_ >= 0) << path_ << " is already committed";
  num_bytes_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferBytes) RETURN_IF_ERROR(Flush());
  if (bytes.size() > kBufferBytes) return WriteOut(bytes.data(), bytes.size());
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return absl::OkStatus();
}

absl::Status AtomicFile::Append(absl::string_view text) {
  return Append(absl::MakeConstSpan(
      reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

absl::Status AtomicFile::AppendZeros(uint64_t count) {
  const std::string zeros(std::min<uint64_t>(count, kBufferBytes), '\0');
  while (count > 0) {
    const uint64_t size = std::min<uint64_t>(count, zeros.size());
    RETURN_IF_ERROR(Append(absl::string_view(zeros.data(), size)));
    count -= size;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  CHECK(fd_ >= 0) << path_ << " is already committed";
  RETURN_IF_ERROR(Flush());
  if (fsync(fd_) != 0) return Error("flush");
  if (rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    return Error("rename the finished file to");
  }
  close(fd_);
  fd_ = -1;
  FlushDirectory(ParentDirectory(path_));
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view content) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file.Append(content));
  return file.Commit();
}

}  // namespace tessera
