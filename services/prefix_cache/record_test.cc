#include "services/prefix_cache/record.h"

#include <random>

#include "gtest/gtest.h"

namespace tessera::prefix_cache {
namespace {

using Bytes = std::vector<uint8_t>;

Hash HashOf(uint8_t value) {
  Hash hash = {};
  hash.fill(value);
  return hash;
}

Bytes BytesOf(const Record& record) {
  return {record.bytes().begin(), record.bytes().end()};
}

std::shared_ptr<const Record> Sample() {
  return Record::Make(HashOf(1), HashOf(2), HashOf(3), {10, -20, 30},
                      Bytes{1, 2, 3, 4, 5}, Seal{9});
}

absl::Status Check(const Hash& hash, const Bytes& bytes) {
  return Record::FromBytes(hash, bytes, nullptr).status();
}

TEST(RecordTest, ReadsBackWhatItWasMadeOf) {
  const Bytes bytes = BytesOf(*Sample());
  const auto record = Record::FromBytes(HashOf(1), bytes, nullptr);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ((*record)->hash(), HashOf(1));
  EXPECT_EQ((*record)->header().root, HashOf(2));
  EXPECT_EQ((*record)->header().parent, HashOf(3));
  EXPECT_EQ((*record)->header().seal, Seal{9});
  EXPECT_EQ((*record)->tokens(), (std::vector<int32_t>{10, -20, 30}));
  EXPECT_EQ((*record)->payload(), ByteSpan(Bytes{1, 2, 3, 4, 5}));
}

TEST(RecordTest, NoTokensAndNoPayloadAreARecordToo) {
  const auto empty = Record::Make(HashOf(1), HashOf(2), HashOf(2), {}, {});
  EXPECT_EQ(Check(HashOf(1), BytesOf(*empty)), absl::OkStatus());
}

TEST(RecordTest, AnyBitThatFlipsIsDataLoss) {
  const Bytes bytes = BytesOf(*Sample());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= 1 << (bit % 8);
    EXPECT_EQ(Check(HashOf(1), flipped).code(), absl::StatusCode::kDataLoss)
        << "bit " << bit;
  }
}

TEST(RecordTest, AnyLengthButItsOwnIsDataLoss) {
  Bytes bytes = BytesOf(*Sample());
  bytes.push_back(0);
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const Bytes cut(bytes.begin(), bytes.begin() + length);
    EXPECT_EQ(Check(HashOf(1), cut).ok(), length == bytes.size() - 1);
  }
}

TEST(RecordTest, AnotherBlocksBytesAreDataLoss) {
  EXPECT_EQ(Check(HashOf(4), BytesOf(*Sample())).code(),
            absl::StatusCode::kDataLoss);
}

TEST(RecordTest, AChecksumInPiecesIsThatOfTheWhole) {
  Bytes bytes(5000);
  std::mt19937 random(1);
  for (uint8_t& byte : bytes) byte = random();
  RecordChecksum whole(HashOf(1));
  whole.Add(bytes);
  RecordChecksum pieces(HashOf(1));
  for (ByteSpan rest = bytes; !rest.empty();) {
    const size_t length = std::min<size_t>(rest.size(), random() % 700);
    pieces.Add(rest.first(length));
    rest.remove_prefix(length);
  }
  EXPECT_EQ(whole.Result(), pieces.Result());
}

TEST(RecordTest, SizesBeyondTheLimitsAreRefused) {
  Bytes bytes = BytesOf(*Sample());
  bytes[23] = 1;  // num_tokens
  EXPECT_EQ(ParseRecordHeader(bytes).status().code(),
            absl::StatusCode::kInvalidArgument);
  bytes = BytesOf(*Sample());
  bytes[31] = 255;  // payload_bytes
  EXPECT_EQ(ParseRecordHeader(bytes).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::prefix_cache
