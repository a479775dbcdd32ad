#include "services/gateway/active_requests.h"

#include <utility>

namespace tessera::gateway {

struct ActiveRequests::Ticket {
  ~Ticket() {
    std::lock_guard<std::mutex> lock(counts->mutex);
    --counts->total;
    const auto place = counts->of_caller.find(key);
    if (--place->second == 0) counts->of_caller.erase(place);
  }

  std::shared_ptr<Counts> counts;
  std::optional<KeyDigest> key;
};

std::shared_ptr<void> ActiveRequests::TryAdd(const Caller& caller) {
  std::lock_guard<std::mutex> lock(counts_->mutex);
  const auto place = counts_->of_caller.find(caller.key);
  const int count = place == counts_->of_caller.end() ? 0 : place->second;
  if (max_per_caller_ > 0 && count >= max_per_caller_) return nullptr;
  ++counts_->total;
  counts_->of_caller[caller.key] = count + 1;
  return std::shared_ptr<Ticket>(new Ticket{counts_, caller.key});
}

int ActiveRequests::num_active() const {
  std::lock_guard<std::mutex> lock(counts_->mutex);
  return counts_->total;
}

}  // namespace tessera::gateway
