#include "services/speculator/vocabulary_match.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/tokenizer/small_vocabulary.h"
#include "services/speculator/client/vocabulary_digest.h"

namespace tessera::speculator {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<const tokenizer::Tokenizer> Make(
    tokenizer::Vocabulary vocabulary) {
  auto tokenizer = tokenizer::Tokenizer::Create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

// What is said of a draft model with this vocabulary.
std::string Said(const tokenizer::Vocabulary& vocabulary) {
  const auto target = Make(tokenizer::SmallVocabulary());
  const auto draft = Make(vocabulary);
  const absl::Status status = CheckSameVocabulary(*target, *draft);
  EXPECT_EQ(status.ok(), VocabularyDigest(*target) == VocabularyDigest(*draft));
  return std::string(status.message());
}

TEST(VocabularyMatchTest, TheSameIsAccepted) {
  EXPECT_EQ(Said(tokenizer::SmallVocabulary()), "");
}

TEST(VocabularyMatchTest, NamesTheFirstTokenThatDiffers) {
  tokenizer::Vocabulary other = tokenizer::SmallVocabulary();
  std::swap(other.tokens[65], other.tokens[70]);
  EXPECT_THAT(Said(other), HasSubstr("token 65 is \""));
}

TEST(VocabularyMatchTest, NamesATokenThatIsSpecialInOneAlone) {
  tokenizer::Vocabulary other = tokenizer::SmallVocabulary();
  other.types.resize(other.tokens.size(), tokenizer::TokenType::kNormal);
  other.types[66] = tokenizer::TokenType::kControl;
  EXPECT_THAT(Said(other), HasSubstr("token 66 is the special \""));
}

TEST(VocabularyMatchTest, NamesTheTokenThatOneLacks) {
  tokenizer::Vocabulary other = tokenizer::SmallVocabulary();
  other.tokens.push_back("zzz");
  if (!other.types.empty()) {
    other.types.push_back(tokenizer::TokenType::kNormal);
  }
  EXPECT_THAT(Said(other),
              HasSubstr("token 261, \"zzz\", is the draft model's alone"));
}

}  // namespace
}  // namespace tessera::speculator
