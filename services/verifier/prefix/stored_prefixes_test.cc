// An engine and its store: the same bits with a store as without, whatever the
// store does.
#include "services/verifier/prefix/stored_prefixes.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "services/prefix_cache/client/store_access.h"
#include "services/verifier/testing/engine_fixture.h"
#include "services/verifier/testing/fake_store.h"

namespace tessera::verifier {
namespace {

using Answered = FakeStore::Answer;

constexpr int kBlockTokens = 32;

v1::GenerateRequest Request(int number, int max_tokens = 40) {
  std::string text = "once upon a time there was a well in a world of its own ";
  for (int i = 0; i < 300; ++i) {
    text += static_cast<char>('a' + (i * (number + 3) + i / 7) % 26);
  }
  v1::GenerateRequest request;
  request.mutable_prompt()->mutable_text()->set_text(text);
  request.set_max_tokens(max_tokens);
  request.set_ignore_eos(true);
  request.set_num_logprobs(3);
  request.mutable_sampling()->set_temperature(number % 2 == 0 ? 0 : 0.9f);
  request.mutable_sampling()->set_seed(number);
  return request;
}

FixtureOptions Options(prefix_cache::PrefixCacheClient* store) {
  FixtureOptions options;
  options.store = store;
  return options;
}

Answer Ask(EngineFixture& fixture, const v1::GenerateRequest& request) {
  return fixture.Ask(request).listener->Wait();
}

// Without a store and without a cache.
std::string Cold(int number, FixtureOptions options = {}) {
  options.store = nullptr;
  options.verifier.prefix_caching = false;
  EngineFixture fixture(options);
  return Ask(fixture, Request(number)).Bits();
}

int NumWholeBlocks(const Answer& answer) {
  return answer.usage.num_prompt_tokens() / kBlockTokens;
}

// Nothing is held once all have their answers.
void ExpectNoLeak(EngineFixture& fixture) {
  EXPECT_EQ(fixture.engine().stats().num_blocks_in_use, 0);
  EXPECT_EQ(fixture.engine().stats().num_waiting, 0);
}

// What an engine computed, in the store.
void Fill(FakeStore& store, int number) {
  EngineFixture fixture(Options(&store));
  Ask(fixture, Request(number));
  store.WaitForBlocks(10);
}

TEST(StoredPrefixesTest, AnotherEngineGetsPromptsAndAnswersFromTheStore) {
  FakeStore store;
  const std::string cold = Cold(0);
  Answer first;
  {
    EngineFixture fixture(Options(&store));
    first = Ask(fixture, Request(0));
    EXPECT_EQ(first.Bits(), cold);
    EXPECT_EQ(first.usage.num_cached_tokens(), 0);
    ExpectNoLeak(fixture);
  }
  const int num_tokens =
      first.usage.num_prompt_tokens() + first.usage.num_generated_tokens();
  // The last token drawn was never computed.
  EXPECT_EQ(store.num_blocks(), (num_tokens - 1) / kBlockTokens);
  EngineFixture other(Options(&store));
  const Answer again = Ask(other, Request(0));
  EXPECT_EQ(again.Bits(), cold);
  EXPECT_EQ(again.usage.num_cached_tokens(),
            NumWholeBlocks(again) * kBlockTokens);
  EXPECT_EQ(again.usage.cached().num_memory(), again.usage.num_cached_tokens());
  EXPECT_GT(again.usage.cached().load_seconds(), 0);
  ExpectNoLeak(other);
}

TEST(StoredPrefixesTest, TellsTheEnginesTokensFromTheStoresTiers) {
  FakeStore store;
  Fill(store, 0);
  store.set_behavior({.is_on_disk = true});
  EngineFixture fixture(Options(&store));
  const v1::Usage first = Ask(fixture, Request(0)).usage;
  EXPECT_EQ(first.cached().num_disk(), first.num_cached_tokens());
  EXPECT_GT(first.num_cached_tokens(), 0);
  const v1::Usage second = Ask(fixture, Request(0)).usage;
  EXPECT_EQ(second.cached().num_engine(), second.num_cached_tokens());
  EXPECT_EQ(second.num_cached_tokens(), second.num_prompt_tokens() - 1);
  EXPECT_EQ(store.num_gets(), 1);
}

TEST(StoredPrefixesTest, AnEngineWithAllCoresPutsWhenItRests) {
  FakeStore store;
  FixtureOptions options = Options(&store);
  options.num_threads = static_cast<int>(std::thread::hardware_concurrency());
  EngineFixture fixture(options);
  const v1::Usage usage = Ask(fixture, Request(0)).usage;
  store.WaitForBlocks(
      (usage.num_prompt_tokens() + usage.num_generated_tokens() - 1) /
      kBlockTokens);
  ExpectNoLeak(fixture);
}

TEST(StoredPrefixesTest, ASaltFindsOnlyItsOwn) {
  FakeStore store;
  v1::GenerateRequest red = Request(0);
  red.set_cache_salt("red");
  {
    EngineFixture fixture(Options(&store));
    Ask(fixture, red);
  }
  v1::GenerateRequest blue = red;
  blue.set_cache_salt("blue");
  for (const auto& request : {blue, Request(0)}) {
    EngineFixture fixture(Options(&store));
    EXPECT_EQ(Ask(fixture, request).usage.num_cached_tokens(), 0);
  }
  EngineFixture fixture(Options(&store));
  EXPECT_GT(Ask(fixture, red).usage.num_cached_tokens(), 0);
}

class FaultTest : public testing::TestWithParam<FakeStore::Behavior> {};

// Prompts that the store has, some that it half has, and new ones, all at once.
TEST_P(FaultTest, NoAnswerChangesAndNothingLeaks) {
  FakeStore store;
  std::vector<std::string> cold;
  for (int i = 0; i < 4; ++i) cold.push_back(Cold(i));
  Fill(store, 0);
  Fill(store, 1);
  store.set_behavior(GetParam());
  FixtureOptions options = Options(&store);
  options.num_blocks = 40;  // of 11 a request
  EngineFixture fixture(options);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::shared_ptr<Listener>> listeners;
    for (int i = 0; i < 8; ++i) {
      listeners.push_back(fixture.Ask(Request(i % 4)).listener);
    }
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(listeners[i]->Wait().Bits(), cold[i % 4]) << i;
    }
  }
  ExpectNoLeak(fixture);
  store.Resume();  // late, to nobody
  ExpectNoLeak(fixture);
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultTest,
    testing::Values(FakeStore::Behavior{},
                    FakeStore::Behavior{.match = Answered::kError},
                    FakeStore::Behavior{.match = Answered::kNothing},
                    FakeStore::Behavior{.get = Answered::kError},
                    FakeStore::Behavior{.get = Answered::kNothing},
                    FakeStore::Behavior{.get = Answered::kPart},
                    FakeStore::Behavior{.get = Answered::kStall},
                    FakeStore::Behavior{.get = Answered::kReordered},
                    FakeStore::Behavior{.get = Answered::kTooMuch},
                    FakeStore::Behavior{.put = Answered::kError},
                    FakeStore::Behavior{.put = Answered::kNothing}));

TEST(StoredPrefixesTest, ALoadThatComesAfterItsRequestIsGoneIsDropped) {
  FakeStore store;
  Fill(store, 0);
  store.set_behavior({.get = Answered::kStall});
  EngineFixture fixture(Options(&store));
  const EngineFixture::Asked asked = fixture.Ask(Request(0));
  while (store.num_gets() == 0) absl::SleepFor(absl::Milliseconds(1));
  asked.generation->is_cancelled = true;
  fixture.engine().Wake();
  asked.listener->Wait();
  store.Resume();
  ExpectNoLeak(fixture);
  EXPECT_EQ(Ask(fixture, Request(1)).Bits(), Cold(1));
}

TEST(StoredPrefixesTest, AnEngineThatStopsLeavesItsLoadsAndPuts) {
  FakeStore store;
  Fill(store, 0);
  store.set_behavior({.get = Answered::kStall, .put = Answered::kNothing});
  {
    EngineFixture fixture(Options(&store));
    Ask(fixture, Request(1));
    fixture.Ask(Request(0));
    while (store.num_gets() == 0) absl::SleepFor(absl::Milliseconds(1));
  }
  store.Resume();
}

// The real store, its tiers and both types of cache; each engine is new, and
// the store's directory is opened anew for the disk's.
class TierTest
    : public testing::TestWithParam<std::tuple<attention::KvDType, bool>> {
 protected:
  Answer AskNewEngine(const prefix_cache::StoreAccessOptions& access_options) {
    metrics::Registry registry;
    auto access = prefix_cache::StoreAccess::Open(access_options, &registry);
    EXPECT_TRUE(access.ok()) << access.status();
    return AskEngine((*access)->client());
  }
  Answer AskEngine(prefix_cache::PrefixCacheClient* client) {
    FixtureOptions options = Options(client);
    options.kv_dtype = std::get<0>(GetParam());
    EngineFixture fixture(options);
    return Ask(fixture, Request(1));
  }
};

TEST_P(TierTest, AHitHasTheBitsOfAMiss) {
  const auto [kv_dtype, is_disk] = GetParam();
  FixtureOptions cold_options;
  cold_options.kv_dtype = kv_dtype;
  const std::string cold = Cold(1, cold_options);
  prefix_cache::StoreAccessOptions options;
  v1::CachedTokens cached;
  if (is_disk) {
    std::string directory = testing::TempDir() + "/tier-XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    options.local.directory = directory;
    EXPECT_EQ(AskNewEngine(options).Bits(), cold);
    const Answer hit = AskNewEngine(options);
    EXPECT_EQ(hit.Bits(), cold);
    cached = hit.usage.cached();
    EXPECT_EQ(cached.num_disk(), hit.usage.num_cached_tokens());
  } else {
    options.local.memory_bytes = 64 << 20;
    metrics::Registry registry;
    auto access = prefix_cache::StoreAccess::Open(options, &registry);
    ASSERT_TRUE(access.ok()) << access.status();
    EXPECT_EQ(AskEngine((*access)->client()).Bits(), cold);
    const Answer hit = AskEngine((*access)->client());
    EXPECT_EQ(hit.Bits(), cold);
    cached = hit.usage.cached();
    EXPECT_EQ(cached.num_memory(), hit.usage.num_cached_tokens());
  }
  EXPECT_GE(cached.num_memory() + cached.num_disk(), 10 * kBlockTokens);
}

INSTANTIATE_TEST_SUITE_P(
    All, TierTest,
    testing::Combine(testing::Values(attention::KvDType::kBF16,
                                     attention::KvDType::kI8),
                     testing::Bool()));

}  // namespace
}  // namespace tessera::verifier
