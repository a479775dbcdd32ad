// A secret that processes share by a file, as `openssl rand -hex 32 >FILE`
// makes it.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace tessera::options {

inline constexpr size_t kMinSecretBytes = 16;
inline constexpr size_t kMaxSecretBytes = 4096;

// The file's bytes; line breaks at its end do not count, as editors add them.
// Errors say the path, never what is in it: NotFound, where it cannot be read;
// InvalidArgument, where it is no regular file, or the secret is shorter than
// kMinSecretBytes or longer than kMaxSecretBytes.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace tessera::options
