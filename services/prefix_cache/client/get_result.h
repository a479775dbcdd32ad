// Waits for a Get, for tests.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "services/prefix_cache/client/prefix_cache_client.h"

namespace tessera::prefix_cache {

class GetResult : public GetObserver {
 public:
  explicit GetResult(int64_t payload_bytes) : payload_bytes_(payload_bytes) {}

  void OnBlock(size_t block, const Payload& payload) override {
    indices.push_back(block);
    payloads.emplace_back(payload_bytes_);
    payload.CopyTo(payloads.back().data());
  }
  void OnDone(absl::Status status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    this->status = std::move(status);
    is_done_ = true;
    done_.notify_all();
  }
  absl::Status Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return is_done_; });
    return status;
  }

  std::vector<size_t> indices;
  std::vector<std::vector<uint8_t>> payloads;
  absl::Status status;

 private:
  const int64_t payload_bytes_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
};

// The answer of a call that ends by a callback.
template <typename Response>
class Answer {
 public:
  Callback<Response> callback() {
    return [this](absl::StatusOr<Response> response) {
      std::lock_guard<std::mutex> lock(mutex_);
      response_ = std::move(response);
      is_done_ = true;
      done_.notify_all();
    };
  }
  absl::StatusOr<Response> Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return is_done_; });
    return response_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool is_done_ = false;
  absl::StatusOr<Response> response_ = absl::UnknownError("");
};

}  // namespace tessera::prefix_cache
