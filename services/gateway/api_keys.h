// ApiKeys: who may ask. A file has a key a line, `key` or `name:key`; empty
// lines and those that start with '#' are skipped. Names stand in the log, keys
// nowhere.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tessera::gateway {

using KeyDigest = std::array<uint8_t, 32>;  // SHA-256

// Who asks. Without keys everybody is the same nameless one.
struct Caller {
  std::string name;
  std::optional<KeyDigest> key;
};

class ApiKeys {
 public:
  // InvalidArgument, with the line: a key of under 8 or over 512 bytes, or
  // with other than printable ASCII; a name that is not letters, digits, - _ .;
  // a key twice; no key at all.
  static absl::StatusOr<ApiKeys> Parse(absl::string_view text);

  // Compares with every key, in a time that depends on none of them.
  std::optional<Caller> Find(absl::string_view key) const;

 private:
  std::vector<Caller> keys_;
};

// The keys of a file that may change. Thread-safe.
class KeyRing {
 public:
  // An empty path: no keys, everybody may ask.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(const std::string& path);

  // Reads the file anew. An error leaves the keys as they were.
  absl::Status Reload();

  // By the header Authorization, "Bearer <key>"; nullopt: refused.
  std::optional<Caller> Check(absl::string_view authorization) const;

 private:
  explicit KeyRing(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const ApiKeys> keys_;  // guarded by mutex_
};

}  // namespace tessera::gateway
