// Generation: one HTTP request's calls of the verifier, and its answer.
//
// Lives as long as a call is under way. A client that hangs up ends them all;
// so does an error of one.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/verifier.pb.h"
#include "services/gateway/answer.h"
#include "services/gateway/observed_exchange.h"
#include "services/verifier/client/verifier_client.h"

namespace tessera::gateway {

class Generation : public std::enable_shared_from_this<Generation> {
 public:
  // Asks the verifier; the exchange is answered when it is done. `parts`
  // holds the exchange too.
  static void Run(std::vector<verifier::v1::GenerateRequest> calls,
                  AnswerParts parts, std::shared_ptr<ObservedExchange> exchange,
                  verifier::VerifierClient* client);

  Generation(size_t num_calls, AnswerParts parts,
             std::shared_ptr<ObservedExchange> exchange);

 private:
  class Observer;
  using Calls = std::vector<std::shared_ptr<verifier::GenerateCall>>;

  void Keep(size_t call_index, std::unique_ptr<verifier::GenerateCall> call);
  void OnResponse(size_t call_index,
                  const verifier::v1::GenerateResponse& response);
  void OnDone(size_t call_index, const absl::Status& status);
  // The client hung up.
  void Abandon();

  // What is let go at the end, without mutex_: a call's or an exchange's end
  // may call us.
  struct Remains {
    Calls calls;  // to cancel
    std::unique_ptr<Answer> answer;
    std::shared_ptr<ObservedExchange> exchange;
  };
  // With mutex_ held.
  Remains End(const char* reason);
  void Fail(const absl::Status& status);

  static void LetGo(Remains remains);

  const bool is_chat_;
  const int n_;
  std::mutex mutex_;
  // Until the end; nobody is answered after it.
  std::unique_ptr<Answer> answer_;
  std::shared_ptr<ObservedExchange> exchange_;
  Calls calls_;  // null before Keep and after OnDone
  std::vector<bool> is_done_;
  size_t num_done_ = 0;
  verifier::v1::Usage usage_;
  verifier::v1::FinishReason reason_ = verifier::v1::LENGTH;  // a choice's
};

}  // namespace tessera::gateway
