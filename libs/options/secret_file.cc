#include "libs/options/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace tessera::options {
namespace {

absl::Status CannotBeRead(const std::string& path) {
  return absl::NotFoundError(
      absl::StrCat(path, ": cannot be read: ", strerror(errno)));
}

// Up to `max_bytes` of what can be read.
absl::StatusOr<std::string> ReadUpTo(const std::string& path, int file,
                                     size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  size_t size = 0;
  while (size < max_bytes) {
    const ssize_t count = read(file, bytes.data() + size, max_bytes - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotBeRead(path);
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  // A pipe that nobody writes to would be waited for.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return CannotBeRead(path);
  const absl::Cleanup closer = [file] { close(file); };
  struct stat status;
  if (fstat(file, &status) != 0) return CannotBeRead(path);
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": must be a regular file that holds the secret"));
  }
  absl::StatusOr<std::string> secret =
      ReadUpTo(path, file, kMaxSecretBytes + 1);
  if (!secret.ok()) return secret.status();
  if (secret->size() > kMaxSecretBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a secret has at most ", kMaxSecretBytes, " bytes"));
  }
  while (!secret->empty() &&
         (secret->back() == '\n' || secret->back() == '\r')) {
    secret->pop_back();
  }
  if (secret->size() < kMinSecretBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": a secret has at least ", kMinSecretBytes, " bytes, not ",
        secret->size(), "; `openssl rand -hex 32` makes one"));
  }
  return secret;
}

}  // namespace tessera::options
