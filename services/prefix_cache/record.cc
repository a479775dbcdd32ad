#include "services/prefix_cache/record.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "xxhash.h"

namespace tessera::prefix_cache {
namespace {

constexpr uint8_t kMagic[4] = {'T', 'P', 'C', '1'};
constexpr int64_t kChecksumBytes = 16;

template <typename T>
void Read(ByteSpan bytes, int64_t offset, T* value) {
  std::memcpy(value, bytes.data() + offset, sizeof(T));
}

template <typename T>
void Write(const T& value, int64_t offset, std::string* bytes) {
  std::memcpy(bytes->data() + offset, &value, sizeof(T));
}

ByteSpan AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

absl::StatusOr<RecordHeader> ParseRecordHeader(ByteSpan bytes) {
  if (bytes.size() < kRecordHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "record: ", bytes.size(), " bytes are less than a header"));
  }
  if (std::memcmp(bytes.data() + 16, kMagic, sizeof(kMagic)) != 0) {
    return absl::InvalidArgumentError("record: it does not begin as one");
  }
  RecordHeader header;
  Read(bytes, 0, &header.checksum);
  Read(bytes, 20, &header.num_tokens);
  Read(bytes, 24, &header.payload_bytes);
  Read(bytes, 32, &header.root);
  Read(bytes, 64, &header.parent);
  Read(bytes, 96, &header.seal);
  if (header.num_tokens > kMaxBlockTokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        "record: ", header.num_tokens, " tokens are over ", kMaxBlockTokens));
  }
  if (header.payload_bytes > kMaxPayloadBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("record: ", header.payload_bytes,
                     " bytes of payload are over ", kMaxPayloadBytes));
  }
  return header;
}

RecordChecksum::RecordChecksum(const Hash& hash) : state_(XXH3_createState()) {
  CHECK(state_ != nullptr);
  auto* state = static_cast<XXH3_state_t*>(state_);
  CHECK(XXH3_128bits_reset(state) == XXH_OK);
  Add(hash);
}

RecordChecksum::~RecordChecksum() {
  XXH3_freeState(static_cast<XXH3_state_t*>(state_));
}

void RecordChecksum::Add(ByteSpan bytes) {
  auto* state = static_cast<XXH3_state_t*>(state_);
  CHECK(XXH3_128bits_update(state, bytes.data(), bytes.size()) == XXH_OK);
}

std::array<uint8_t, 16> RecordChecksum::Result() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(
      &canonical,
      XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_)));
  std::array<uint8_t, 16> result;
  std::memcpy(result.data(), canonical.digest, result.size());
  return result;
}

std::string MakeRecordHead(const Hash& hash, const Hash& root,
                           const Hash& parent, absl::Span<const int32_t> tokens,
                           ByteSpan payload, const Seal& seal) {
  CHECK(tokens.size() <= kMaxBlockTokens) << tokens.size() << " tokens";
  CHECK(payload.size() <= kMaxPayloadBytes) << payload.size() << " bytes";
  std::string head(kRecordHeaderBytes + tokens.size() * sizeof(int32_t), '\0');
  Write(kMagic, 16, &head);
  Write(static_cast<uint32_t>(tokens.size()), 20, &head);
  Write(static_cast<uint64_t>(payload.size()), 24, &head);
  Write(root, 32, &head);
  Write(parent, 64, &head);
  Write(seal, 96, &head);
  if (!tokens.empty()) {
    std::memcpy(head.data() + kRecordHeaderBytes, tokens.data(),
                tokens.size() * sizeof(int32_t));
  }
  RecordChecksum checksum(hash);
  checksum.Add(AsBytes(head).subspan(kChecksumBytes));
  checksum.Add(payload);
  Write(checksum.Result(), 0, &head);
  return head;
}

Record::Record(const Hash& hash, const RecordHeader& header, ByteSpan bytes,
               std::shared_ptr<const void> owner)
    : hash_(hash), header_(header), bytes_(bytes), owner_(std::move(owner)) {}

absl::StatusOr<std::shared_ptr<const Record>> Record::FromBytes(
    const Hash& hash, ByteSpan bytes, std::shared_ptr<const void> owner) {
  const absl::StatusOr<RecordHeader> header = ParseRecordHeader(bytes);
  if (!header.ok()) return absl::DataLossError(header.status().message());
  if (header->record_bytes() != bytes.size()) {
    return absl::DataLossError(absl::StrCat(
        "record: ", bytes.size(), " bytes, not ", header->record_bytes()));
  }
  RecordChecksum checksum(hash);
  checksum.Add(bytes.subspan(kChecksumBytes));
  if (checksum.Result() != header->checksum) {
    return absl::DataLossError("record: its checksum is wrong");
  }
  return std::shared_ptr<const Record>(
      new Record(hash, *header, bytes, std::move(owner)));
}

std::shared_ptr<const Record> Record::Make(const Hash& hash, const Hash& root,
                                           const Hash& parent,
                                           absl::Span<const int32_t> tokens,
                                           ByteSpan payload, const Seal& seal) {
  const std::string head =
      MakeRecordHead(hash, root, parent, tokens, payload, seal);
  const size_t size = head.size() + payload.size();
  // Not zeroed before it is written.
  const std::shared_ptr<uint8_t[]> bytes(new uint8_t[size]);
  std::memcpy(bytes.get(), head.data(), head.size());
  if (!payload.empty()) {
    std::memcpy(bytes.get() + head.size(), payload.data(), payload.size());
  }
  const ByteSpan span(bytes.get(), size);
  const absl::StatusOr<RecordHeader> header = ParseRecordHeader(span);
  CHECK(header.ok()) << header.status();
  return std::shared_ptr<const Record>(new Record(hash, *header, span, bytes));
}

std::vector<int32_t> Record::tokens() const {
  std::vector<int32_t> tokens(header_.num_tokens);
  if (!tokens.empty()) {
    std::memcpy(tokens.data(), bytes_.data() + kRecordHeaderBytes,
                tokens.size() * sizeof(int32_t));
  }
  return tokens;
}

}  // namespace tessera::prefix_cache
