// ActiveRequests: how many generations are under way, in all and of each
// caller. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "services/gateway/api_keys.h"

namespace tessera::gateway {

class ActiveRequests {
 public:
  // max_per_caller 0: any number.
  explicit ActiveRequests(int max_per_caller)
      : counts_(std::make_shared<Counts>()), max_per_caller_(max_per_caller) {}

  // Counts one more until what it returns is gone; null: the caller has as many
  // as may be.
  std::shared_ptr<void> TryAdd(const Caller& caller);

  int num_active() const;

 private:
  struct Counts {
    std::mutex mutex;
    int total = 0;
    std::map<std::optional<KeyDigest>, int> of_caller;  // above 0
  };
  struct Ticket;

  const std::shared_ptr<Counts> counts_;  // tickets may outlive us
  const int max_per_caller_;
};

}  // namespace tessera::gateway
