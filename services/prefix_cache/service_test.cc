// What a stranger may send to the service.
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "libs/rpc/server.h"
#include "services/prefix_cache/prefix_cache_service.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

using grpc::StatusCode;

class ServiceTest : public testing::Test {
 protected:
  // The status of a Put of these messages.
  grpc::Status Put(const std::vector<v1::BlockChunk>& chunks) {
    grpc::ClientContext context;
    const auto writer = stub_->Put(&context, &counts_);
    for (const v1::BlockChunk& chunk : chunks) {
      if (!writer->Write(chunk)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }
  // `value` as `num_chunks` chunks.
  std::vector<v1::BlockChunk> ChunksOf(uint32_t value, int num_chunks) {
    const auto record = BlockOf(value, 0, 1000);
    const std::string bytes(record->bytes().begin(), record->bytes().end());
    std::vector<v1::BlockChunk> chunks(num_chunks);
    const size_t size = bytes.size() / num_chunks + 1;
    for (int i = 0; i < num_chunks; ++i) {
      chunks[i].set_hash(
          std::string(record->hash().begin(), record->hash().end()));
      chunks[i].set_record_bytes(bytes.size());
      chunks[i].set_offset(i * size);
      chunks[i].set_data(bytes.substr(i * size, size));
    }
    return chunks;
  }
  grpc::Status Get(const std::string& hashes, int* num_chunks = nullptr) {
    grpc::ClientContext context;
    v1::GetRequest request;
    request.set_hashes(hashes);
    const auto reader = stub_->Get(&context, request);
    v1::BlockChunk chunk;
    while (reader->Read(&chunk)) {
      if (num_chunks != nullptr) ++*num_chunks;
    }
    return reader->Finish();
  }

  std::unique_ptr<Store> store_ = *Store::Create({.max_block_bytes = 1 << 20});
  PrefixCacheService service_{store_.get()};
  std::unique_ptr<rpc::Server> server_ =
      *rpc::Server::Start({}, {{kServiceName, &service_}});
  std::unique_ptr<v1::PrefixCache::Stub> stub_ = v1::PrefixCache::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                          grpc::InsecureChannelCredentials()));
  v1::PutResponse counts_;
};

TEST_F(ServiceTest, AnyProtobufClientMayPutAndGet) {
  ASSERT_TRUE(Put(ChunksOf(1, 3)).ok());
  EXPECT_EQ(counts_.num_stored(), 1);
  int num_chunks = 0;
  const Hash hash = HashOf(1);
  EXPECT_TRUE(Get(std::string(hash.begin(), hash.end()), &num_chunks).ok());
  EXPECT_EQ(num_chunks, 1);
}

TEST_F(ServiceTest, HashesOfOtherSizesOrTooManyAreInvalid) {
  EXPECT_EQ(Get(std::string(31, 'x')).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Get(std::string(32 * 4097, 'x')).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Get("").ok());
  grpc::ClientContext match_context, evict_context;
  v1::MatchRequest match;
  match.set_root("short");
  v1::MatchResponse matched;
  EXPECT_EQ(stub_->Match(&match_context, match, &matched).error_message(),
            "root: must be 32 bytes, not 5");
  v1::EvictRequest evict;
  evict.set_root("short");
  v1::EvictResponse evicted;
  EXPECT_EQ(stub_->Evict(&evict_context, evict, &evicted).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServiceTest, ChunksThatDoNotFollowEachOtherAreInvalid) {
  auto chunks = ChunksOf(1, 3);
  std::swap(chunks[1], chunks[2]);
  EXPECT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT);
  chunks = ChunksOf(1, 3);
  chunks[1].set_hash(std::string(32, 'x'));
  EXPECT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT);
  chunks = ChunksOf(1, 3);
  chunks[2].set_record_bytes(chunks[2].record_bytes() + 1);
  EXPECT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT);
  chunks = ChunksOf(1, 3);
  chunks.pop_back();
  EXPECT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(store_->Stats().num_puts, 0);
}

TEST_F(ServiceTest, ABlockOfAnotherSizeThanAllowedIsInvalid) {
  for (const uint64_t size :
       {uint64_t{0}, uint64_t{111}, uint64_t{2} << 20, ~uint64_t{0}}) {
    auto chunks = ChunksOf(1, 1);
    chunks[0].set_record_bytes(size);
    chunks[0].set_data("x");
    EXPECT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT) << size;
  }
}

TEST_F(ServiceTest, ADamagedBlockIsDataLossAndIsNotStored) {
  auto chunks = ChunksOf(1, 2);
  chunks[1].mutable_data()->back() ^= 1;
  EXPECT_EQ(Put(chunks).error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(store_->Stats().num_puts, 0);
}

TEST_F(ServiceTest, UnfinishedUploadsGiveBackWhatTheyHeld) {
  auto chunks = ChunksOf(1, 3);
  chunks.pop_back();
  for (auto& chunk : chunks) chunk.set_record_bytes(1 << 20);
  // More than kMaxUploadBytes, one after the other.
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(Put(chunks).error_code(), StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_TRUE(Put(ChunksOf(1, 3)).ok());
}

}  // namespace
}  // namespace tessera::prefix_cache
