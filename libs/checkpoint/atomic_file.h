// AtomicFile: a file that appears under its name whole, or not at all.
//
// Bytes go to a temporary file beside the target. Commit flushes it to the disk
// and renames it over the target, so that whoever has the old file open or
// mapped keeps it. Without Commit the temporary file is removed (a killed
// process leaves it: its name is the target's with ".tmp-" and random letters).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tessera {

class AtomicFile {
 public:
  // An error of open(2), with the path.
  static absl::StatusOr<AtomicFile> Create(std::string path);

  AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  // An error of write(2), at the latest from Commit, with the path.
  absl::Status Append(absl::Span<const uint8_t> bytes);
  absl::Status Append(absl::string_view text);
  absl::Status AppendZeros(uint64_t count);

  uint64_t num_bytes() const { return num_bytes_; }  // appended so far

  // No call but the destructor after it.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary_path, int fd);
  absl::Status Flush();
  absl::Status WriteOut(const uint8_t* bytes, size_t size);
  absl::Status Error(absl::string_view what) const;

  std::string path_;
  std::string temporary_path_;
  int fd_ = -1;  // as open(2) has it: -1 where there is none
  std::string buffer_;
  uint64_t num_bytes_ = 0;
};

// A whole small file: Create, Append, Commit.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view content);

}  // namespace tessera
