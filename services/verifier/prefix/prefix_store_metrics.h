// PrefixStoreMetrics: what the engine asks of a store, and what comes of it.
#pragma once

#include <cstdint>
#include <string>

#include "libs/metrics/metrics.h"

namespace tessera::verifier {

// Thread-safe.
class PrefixStoreMetrics {
 public:
  // tessera_prefix_store_*, with the label model_name. `registry` outlives it.
  PrefixStoreMetrics(metrics::Registry* registry,
                     const std::string& model_name);

  void Queried(int64_t num_tokens) { queried_tokens_.Add(num_tokens); }
  void Found(int64_t num_in_memory, int64_t num_on_disk) {
    memory_hits_.Add(num_in_memory);
    disk_hits_.Add(num_on_disk);
  }
  void Failed() { failures_.Add(); }
  void DecidedToLoad() { loads_.Add(); }
  void DecidedToCompute() { computations_.Add(); }
  // Blocks were waited for in vain, and computed after all.
  void GaveUp() { given_up_.Add(); }
  void Loaded(int64_t bytes, double seconds) {
    loaded_bytes_.Add(bytes);
    load_seconds_.Observe(seconds);
  }
  void Put(int64_t num_blocks, int64_t bytes) {
    put_blocks_.Add(num_blocks);
    put_bytes_.Add(bytes);
  }
  void PutDropped(int64_t num_blocks) { dropped_blocks_.Add(num_blocks); }

 private:
  PrefixStoreMetrics(metrics::Registry* registry,
                     const metrics::Labels& labels);

  metrics::Counter& queried_tokens_;
  metrics::Counter& memory_hits_;
  metrics::Counter& disk_hits_;
  metrics::Counter& failures_;
  metrics::Counter& loads_;
  metrics::Counter& computations_;
  metrics::Counter& given_up_;
  metrics::Counter& loaded_bytes_;
  metrics::Counter& put_blocks_;
  metrics::Counter& put_bytes_;
  metrics::Counter& dropped_blocks_;
  metrics::Histogram& load_seconds_;
};

}  // namespace tessera::verifier
