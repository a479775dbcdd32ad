// Blocks whose every byte follows from their hash, for tests of the store.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "services/prefix_cache/record.h"

namespace tessera::prefix_cache {

inline Hash HashOf(uint32_t value) {
  Hash hash = {};
  for (int i = 0; i < 4; ++i) hash[i] = value >> (8 * i);
  return hash;
}

inline const Hash kTestRoot = HashOf(1u << 31);

inline std::vector<uint8_t> PayloadOf(uint32_t value, int64_t num_bytes) {
  std::mt19937_64 random(value);
  std::vector<uint8_t> payload(num_bytes);
  for (uint8_t& byte : payload) byte = random();
  return payload;
}

// `parent` 0: the root.
inline std::shared_ptr<const Record> BlockOf(uint32_t value, uint32_t parent,
                                             int64_t num_bytes,
                                             const Hash& root = kTestRoot) {
  return Record::Make(HashOf(value), root, parent == 0 ? root : HashOf(parent),
                      {static_cast<int32_t>(value), 2, 3},
                      PayloadOf(value, num_bytes));
}

// A new directory under the test's own.
inline std::string NewDirectory() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string path =
      std::string(base == nullptr ? "/tmp" : base) + "/storeXXXXXX";
  return mkdtemp(path.data());
}

// Files of a store that runs come and go.
inline int64_t FileBytesIn(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone)) continue;
    const auto size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace tessera::prefix_cache
