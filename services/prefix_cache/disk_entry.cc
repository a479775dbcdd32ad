#include "services/prefix_cache/disk_entry.h"

#include <array>
#include <cstring>

namespace tessera::prefix_cache {
namespace {

// root, parent, record_bytes, last_used, checksum
constexpr size_t kFieldBytes = 32 + 32 + 8 + 8;
constexpr size_t kValueBytes = kFieldBytes + 16;

std::array<uint8_t, 16> ChecksumOf(const Hash& hash, absl::string_view fields) {
  RecordChecksum checksum(hash);
  checksum.Add(
      {reinterpret_cast<const uint8_t*>(fields.data()), fields.size()});
  return checksum.Result();
}

}  // namespace

std::string EncodeDiskEntry(const DiskEntry& entry) {
  std::string value(kValueBytes, '\0');
  std::memcpy(value.data(), entry.root.data(), 32);
  std::memcpy(value.data() + 32, entry.parent.data(), 32);
  std::memcpy(value.data() + 64, &entry.record_bytes, 8);
  std::memcpy(value.data() + 72, &entry.last_used, 8);
  const auto checksum =
      ChecksumOf(entry.hash, absl::string_view(value.data(), kFieldBytes));
  std::memcpy(value.data() + kFieldBytes, checksum.data(), checksum.size());
  return value;
}

absl::StatusOr<DiskEntry> DecodeDiskEntry(absl::string_view key,
                                          absl::string_view value) {
  DiskEntry entry;
  if (key.size() != 1 + entry.hash.size() || value.size() != kValueBytes) {
    return absl::DataLossError("entry: of another size");
  }
  std::memcpy(entry.hash.data(), key.data() + 1, entry.hash.size());
  const auto checksum = ChecksumOf(entry.hash, value.substr(0, kFieldBytes));
  if (std::memcmp(value.data() + kFieldBytes, checksum.data(),
                  checksum.size()) != 0) {
    return absl::DataLossError("entry: its checksum is wrong");
  }
  std::memcpy(entry.root.data(), value.data(), 32);
  std::memcpy(entry.parent.data(), value.data() + 32, 32);
  std::memcpy(&entry.record_bytes, value.data() + 64, 8);
  std::memcpy(&entry.last_used, value.data() + 72, 8);
  return entry;
}

}  // namespace tessera::prefix_cache
