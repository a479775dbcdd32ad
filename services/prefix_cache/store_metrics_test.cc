#include "services/prefix_cache/store_metrics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/prefix_cache/test_blocks.h"

namespace tessera::prefix_cache {
namespace {

using testing::HasSubstr;

TEST(StoreMetricsTest, TellsOfTheStoreByTier) {
  auto store = *Store::Create({});
  metrics::Registry registry;
  AddStoreMetrics(&registry, store.get());
  store->Put(BlockOf(1, 0, 1000));
  store->Read(HashOf(1));
  store->Read(HashOf(2));
  registry.Exposition();  // counters count once
  const std::string text = registry.Exposition();
  EXPECT_THAT(text, HasSubstr("tessera_prefix_cache_store_puts_total 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("tessera_prefix_cache_store_hits_total{tier=\"memory\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("tessera_prefix_cache_store_hits_total{tier=\"disk\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tessera_prefix_cache_store_misses_total 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr("tessera_prefix_cache_store_blocks{tier=\"memory\"} 1\n"));
}

}  // namespace
}  // namespace tessera::prefix_cache
