// MappedFile: a file's bytes, mapped read-only for the object's life.
//
// The file must not shrink meanwhile: touching a page past its new end is
// SIGBUS, as for every program that maps files. Replacing it by rename, as our
// own writers do, is safe.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tessera {

class MappedFile {
 public:
  // NotFound, PermissionDenied or another error of open(2) by name;
  // InvalidArgument: not a regular file, or empty.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  absl::Span<const uint8_t> bytes() const { return bytes_; }

  // Gives the memory of `range`, a part of bytes(), back to the system. It may
  // still be read, from the page cache or the disk again. Pages that `range`
  // shares with its neighbours go too. Safe from any thread.
  void Release(absl::Span<const uint8_t> range) const;

 private:
  MappedFile(std::string path, absl::Span<const uint8_t> bytes)
      : path_(std::move(path)), bytes_(bytes) {}

  std::string path_;
  absl::Span<const uint8_t> bytes_;
};

}  // namespace tessera
