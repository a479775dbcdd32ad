#include "libs/tokenizer/stream_decoder.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"
#include "libs/tokenizer/utf8.h"

namespace tessera::tokenizer {
namespace {

// Bytes that start, continue and break characters, more often than others.
std::vector<int32_t> RandomIds(std::mt19937* random, int vocab_size) {
  constexpr uint8_t kTelling[] = {0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80,
                                  0xC3, 0xA9, 0xED, 0xA0, ' ',  'a',  0xFF};
  std::vector<int32_t> ids((*random)() % 20);
  for (int32_t& id : ids) {
    id = (*random)() % 4 == 0 ? (*random)() % vocab_size
                              : kTelling[(*random)() % sizeof(kTelling)];
  }
  return ids;
}

TEST(StreamDecoderTest, AllPiecesAreTheWholeText) {
  const auto tokenizer = *Tokenizer::Create(SmallVocabulary());
  for (uint32_t seed = 1; seed <= 20000; ++seed) {
    std::mt19937 random(seed);
    const std::vector<int32_t> ids =
        RandomIds(&random, tokenizer->vocab_size());
    const DecodeOptions options = {.skip_special = seed % 2 == 0,
                                   .is_continuation = seed % 3 == 0};
    StreamDecoder decoder(tokenizer.get(), options);
    std::string text;
    for (const int32_t id : ids) {
      const std::string piece = decoder.Push(id);
      ASSERT_TRUE(IsValidUtf8(piece)) << "seed " << seed;
      text += piece;
    }
    text += decoder.Flush();
    ASSERT_EQ(text, tokenizer->Decode(ids, options)) << "seed " << seed;
  }
}

TEST(StreamDecoderTest, NeverEmitsHalfACharacter) {
  const auto tokenizer = *Tokenizer::Create(SmallVocabulary());
  StreamDecoder decoder(tokenizer.get());
  EXPECT_EQ(decoder.Push(0xE2), "");
  EXPECT_EQ(decoder.Push(0x82), "");
  EXPECT_EQ(decoder.Push(0xAC), "\u20AC");
  EXPECT_EQ(decoder.Push(SmallVocabularyIds::kEnd), "");
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Push(SmallVocabularyIds::kHe), "\uFFFDhe");
  EXPECT_EQ(decoder.Push(0xF0), "");
  EXPECT_EQ(decoder.Flush(), "\uFFFD");
  EXPECT_EQ(decoder.Flush(), "");
}

TEST(StreamDecoderTest, TakesASentencePieceSpaceOffAText) {
  Vocabulary vocabulary;
  vocabulary.kind = Vocabulary::Kind::kSentencePieceBpe;
  vocabulary.tokens = {"\u2581", "\u2581a", "a"};
  vocabulary.scores = {0, -1, -2};
  vocabulary.add_space_prefix = true;
  const auto tokenizer = *Tokenizer::Create(vocabulary);
  StreamDecoder text(tokenizer.get(),
                     {.skip_special = true, .is_continuation = false});
  EXPECT_EQ(text.Push(1), "a");
  EXPECT_EQ(text.Push(1), " a");
  StreamDecoder answer(tokenizer.get());
  EXPECT_EQ(answer.Push(1), " a");
}

}  // namespace
}  // namespace tessera::tokenizer
