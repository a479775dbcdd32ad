#include "services/prefix_cache/chunk.h"

#include "gtest/gtest.h"
#include "proto/prefix_cache.pb.h"

namespace tessera::prefix_cache {
namespace {

ByteSpan AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

absl::StatusOr<Chunk> Parse(const std::string& text) {
  return ParseChunk({AsBytes(text)});
}

v1::BlockChunk Message() {
  v1::BlockChunk message;
  message.set_hash(std::string(32, 'h'));
  message.set_record_bytes(1000);
  message.set_offset(300);
  message.set_data("some data");
  return message;
}

TEST(ChunkTest, ReadsWhatProtobufWrites) {
  const std::string text = Message().SerializeAsString();
  const auto chunk = Parse(text);
  ASSERT_TRUE(chunk.ok()) << chunk.status();
  EXPECT_EQ(chunk->head.hash[31], 'h');
  EXPECT_EQ(chunk->head.record_bytes, 1000);
  EXPECT_EQ(chunk->head.offset, 300);
  ASSERT_EQ(chunk->data.size(), 1);
  EXPECT_EQ(chunk->data[0], AsBytes("some data"));
}

TEST(ChunkTest, WritesWhatProtobufReads) {
  ChunkHead head = {.record_bytes = 1ull << 40, .offset = 12345};
  head.hash.fill('x');
  v1::BlockChunk message;
  ASSERT_TRUE(message.ParseFromString(EncodeChunkHead(head, 5) + "12345"));
  EXPECT_EQ(message.hash(), std::string(32, 'x'));
  EXPECT_EQ(message.record_bytes(), head.record_bytes);
  EXPECT_EQ(message.offset(), head.offset);
  EXPECT_EQ(message.data(), "12345");
}

TEST(ChunkTest, PiecesMakeNoDifference) {
  const std::string text = Message().SerializeAsString();
  for (size_t first = 0; first <= text.size(); ++first) {
    const ByteSpan bytes = AsBytes(text);
    const auto chunk =
        ParseChunk({bytes.first(first), ByteSpan(), bytes.subspan(first)});
    ASSERT_TRUE(chunk.ok()) << first;
    EXPECT_EQ(chunk->data_bytes, 9);
  }
}

TEST(ChunkTest, PassesOverFieldsThatItDoesNotKnow) {
  const std::string text = "\x7a\x02zz" + Message().SerializeAsString() +
                           std::string("\x78\x05\x7d", 3) + "1234";
  EXPECT_TRUE(Parse(text).ok());
}

TEST(ChunkTest, RefusesWhatIsCutShort) {
  const std::string text = Message().SerializeAsString();
  // A message that ends between two fields lacks its data.
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(Parse(text.substr(0, size)).ok()) << size;
  }
}

TEST(ChunkTest, RefusesAHashOfAnotherSizeAndDataBeyondTheRecord) {
  v1::BlockChunk message = Message();
  message.set_hash("short");
  EXPECT_FALSE(Parse(message.SerializeAsString()).ok());
  message = Message();
  message.set_offset(992);
  EXPECT_FALSE(Parse(message.SerializeAsString()).ok());
  message.set_offset(~0ull);
  EXPECT_FALSE(Parse(message.SerializeAsString()).ok());
  message = Message();
  message.clear_data();
  EXPECT_FALSE(Parse(message.SerializeAsString()).ok());
}

}  // namespace
}  // namespace tessera::prefix_cache
