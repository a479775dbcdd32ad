#include "libs/kv_cache/prefix_hash.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tessera::kv_cache {
namespace {

constexpr char kKey[] = "secret";
using Tokens = std::vector<int32_t>;

PrefixIdentity Identity() {
  return {.model_fingerprint = "weights",
          .rope = "100000",
          .quantization = "Q4_1",
          .kv_dtype = "bf16",
          .block_tokens = 4,
          .layout_version = 1,
          .salt = "tenant"};
}

std::string Hex(const PrefixDigest& digest) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

TEST(PrefixHashTest, EveryFieldAndTheKeyChangeTheRoot) {
  const std::vector<std::function<void(PrefixIdentity&)>> changes = {
      [](auto& i) { i.model_fingerprint += "2"; },
      [](auto& i) { i.rope += "2"; },
      [](auto& i) { i.quantization += "2"; },
      [](auto& i) { i.kv_dtype += "2"; },
      [](auto& i) { i.block_tokens += 1; },
      [](auto& i) { i.layout_version += 1; },
      [](auto& i) { i.salt += "2"; }};
  std::set<PrefixDigest> roots = {PrefixHasher(kKey, Identity()).root(),
                                  PrefixHasher("other", Identity()).root(),
                                  PrefixHasher("", Identity()).root()};
  for (const auto& change : changes) {
    PrefixIdentity identity = Identity();
    change(identity);
    roots.insert(PrefixHasher(kKey, identity).root());
  }
  EXPECT_EQ(roots.size(), 3 + changes.size());
}

// Reads an encoding back: what can be read back is no other input's encoding.
std::vector<std::string> DecodeFields(absl::string_view bytes) {
  EXPECT_EQ(bytes[0], 'R');
  bytes.remove_prefix(2);
  std::vector<std::string> fields;
  while (!bytes.empty()) {
    EXPECT_EQ(bytes[0], static_cast<char>(fields.size() + 1));
    uint64_t length = 0;
    for (int i = 0; i < 8; ++i) {
      length |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[1 + i]))
                << (8 * i);
    }
    EXPECT_LE(length, bytes.size() - 9);
    fields.emplace_back(bytes.substr(9, length));
    bytes.remove_prefix(9 + length);
  }
  return fields;
}

TEST(PrefixHashTest, AnEncodingReadsBackAsTheFieldsItIsOf) {
  EXPECT_EQ(DecodeFields(EncodePrefixIdentity(Identity())),
            (std::vector<std::string>{"weights", "100000", "Q4_1", "bf16",
                                      std::string("\4\0\0\0", 4),
                                      std::string("\1\0\0\0", 4), "tenant"}));
}

TEST(PrefixHashTest, BytesThatMoveFromAFieldToTheNextChangeTheEncoding) {
  std::set<std::string> encodings;
  const std::string all = std::string("ab\0cd\1", 6);
  for (size_t i = 0; i <= all.size(); ++i) {
    PrefixIdentity identity = Identity();
    identity.model_fingerprint = all.substr(0, i);
    identity.rope = all.substr(i);
    encodings.insert(EncodePrefixIdentity(identity));
  }
  EXPECT_EQ(encodings.size(), all.size() + 1);
}

TEST(PrefixHashTest, AChainIsMadeBlockByBlock) {
  PrefixHasher hasher(kKey, Identity());
  const Tokens tokens = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const auto chain = hasher.Chain(hasher.root(), tokens);
  ASSERT_EQ(chain.size(), 2);  // the ninth token is in no whole block
  EXPECT_EQ(chain[0], hasher.Next(hasher.root(), {1, 2, 3, 4}));
  EXPECT_EQ(chain[1], hasher.Next(chain[0], {5, 6, 7, 8}));
  EXPECT_EQ(hasher.Chain(chain[0], absl::MakeConstSpan(tokens).subspan(4)),
            (std::vector<PrefixDigest>{chain[1]}));
}

TEST(PrefixHashTest, ABlockDependsOnEveryTokenBeforeItAndOnTheSalt) {
  PrefixHasher hasher(kKey, Identity());
  const Tokens tokens = {1, 2, 3, 4, 5, 6, 7, 8};
  std::set<PrefixDigest> last = {hasher.Chain(hasher.root(), tokens)[1]};
  for (size_t i = 0; i < tokens.size(); ++i) {
    Tokens changed = tokens;
    changed[i] ^= 1 << 30;
    last.insert(hasher.Chain(hasher.root(), changed)[1]);
  }
  last.insert(hasher.Chain(hasher.RootOf("another"), tokens)[1]);
  EXPECT_EQ(last.size(), tokens.size() + 2);
  EXPECT_EQ(hasher.RootOf("tenant"), hasher.root());
}

PrefixNames NamesOf(absl::string_view salt, const Tokens& tokens,
                    int64_t num_public_blocks) {
  PrefixHasher hasher(kKey, Identity());
  PrefixNames names = hasher.Begin(salt, num_public_blocks);
  hasher.Extend(&names, tokens);
  return names;
}

const Tokens kTokens = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

TEST(PrefixHashTest, SaltsHaveThePublicNamesInCommonAndNoneBehindThem) {
  for (const int num_public : {0, 1, 2, 3}) {
    const std::vector<PrefixNames> names = {
        NamesOf("alice", kTokens, num_public),
        NamesOf("bob", kTokens, num_public), NamesOf("", kTokens, num_public)};
    for (int i = 0; i < 3; ++i) {
      std::set<PrefixDigest> block;
      for (const PrefixNames& one : names) {
        ASSERT_EQ(one.chain.size(), 3);
        EXPECT_EQ(one.root == names[0].root,
                  num_public > 0 || &one == &names[0]);
        block.insert(one.chain[i]);
      }
      EXPECT_EQ(block.size(), i < num_public ? 1 : 3)
          << num_public << " public, block " << i;
    }
  }
}

TEST(PrefixHashTest, WithoutPublicBlocksNamesAreASaltsChain) {
  PrefixHasher hasher(kKey, Identity());
  const PrefixNames names = NamesOf("tenant", kTokens, 0);
  EXPECT_EQ(names.root, hasher.root());
  EXPECT_EQ(names.chain, hasher.Chain(hasher.root(), kTokens));
}

TEST(PrefixHashTest, WithoutASaltNothingDependsOnWhatIsPublic) {
  PrefixHasher hasher(kKey, Identity());
  for (const int num_public : {0, 1, 2, 3}) {
    EXPECT_EQ(NamesOf("", kTokens, num_public).chain,
              hasher.Chain(hasher.RootOf(""), kTokens));
  }
}

// Where its own part begins is in a salt's names.
TEST(PrefixHashTest, OwnNamesDependOnWhatIsPublicBeforeThem) {
  std::set<PrefixDigest> last;
  for (const int num_public : {0, 1, 2, 3}) {
    last.insert(NamesOf("alice", kTokens, num_public).chain.back());
  }
  EXPECT_EQ(last.size(), 4);
}

TEST(PrefixHashTest, ASequenceIsNamedAsItGrows) {
  PrefixHasher hasher(kKey, Identity());
  for (const int num_public : {0, 1, 2}) {
    PrefixNames names = hasher.Begin("alice", num_public);
    for (size_t length = 0; length <= kTokens.size(); ++length) {
      hasher.Extend(&names, absl::MakeConstSpan(kTokens).first(length));
      EXPECT_EQ(names.chain.size(), length / 4);
    }
    EXPECT_EQ(names.chain, NamesOf("alice", kTokens, num_public).chain);
  }
}

// Stored blocks outlive a build: a change of these is a change of
// kEncodingVersion. Computed with Python's hmac from the encoding as described.
TEST(PrefixHashTest, NamesAreTheSameInEveryBuild) {
  PrefixHasher hasher(kKey, Identity());
  EXPECT_EQ(Hex(hasher.root()),
            "786cb1265626fd68d4e90da372249b31d05723852450577a2e2a9d26601804b1");
  EXPECT_EQ(Hex(hasher.Next(hasher.root(), {1, 2, 3, 4})),
            "537e1f776cf03262c1dc6ff8245bdb58209338a22e3ae156317f578034c93fc4");
  EXPECT_EQ(Hex(hasher.EnterSalt("tenant", hasher.root())),
            "12e3d2eb08db3d1d1129f2d0088a5e67ad42f9e5aac9ad416ae5851f70f7cf26");
}

}  // namespace
}  // namespace tessera::kv_cache
