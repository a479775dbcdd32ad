// What all calls together may take of the service.
#pragma once

#include <atomic>
#include <cstdint>

namespace tessera::prefix_cache {

inline constexpr int64_t kMaxStreams = 256;
inline constexpr int64_t kMaxUploadBytes = int64_t{512} << 20;  // not yet whole
inline constexpr int64_t kMaxCallBytes = int64_t{4} << 30;      // of one Put

// An amount that many take from and give back to. Thread-safe.
class Budget {
 public:
  explicit Budget(int64_t amount) : left_(amount) {}
  // False: there is not so much left.
  bool Take(int64_t amount) {
    if (left_.fetch_sub(amount) >= amount) return true;
    left_.fetch_add(amount);
    return false;
  }
  void Give(int64_t amount) { left_.fetch_add(amount); }

 private:
  std::atomic<int64_t> left_;
};

struct CallLimits {
  Budget streams{kMaxStreams};
  Budget upload_bytes{kMaxUploadBytes};
};

}  // namespace tessera::prefix_cache
