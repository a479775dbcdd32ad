// VerifierService: the verifier over gRPC. Validates nothing that Verifier
// validates; converts codes, streams answers, and turns a cancelled or expired
// call into a cancelled generation.
#pragma once

#include "proto/verifier.grpc.pb.h"
#include "services/verifier/verifier.h"

namespace tessera::verifier {

class VerifierService : public v1::Verifier::CallbackService {
 public:
  // `verifier` outlives the service and its calls.
  explicit VerifierService(verifier::Verifier* verifier)
      : verifier_(verifier) {}

  grpc::ServerWriteReactor<v1::GenerateResponse>* Generate(
      grpc::CallbackServerContext* context,
      const v1::GenerateRequest* request) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context,
                                     const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;
  grpc::ServerUnaryReactor* Detokenize(
      grpc::CallbackServerContext* context,
      const v1::DetokenizeRequest* request,
      v1::DetokenizeResponse* response) override;
  grpc::ServerUnaryReactor* Score(grpc::CallbackServerContext* context,
                                  const v1::ScoreRequest* request,
                                  v1::ScoreResponse* response) override;
  grpc::ServerUnaryReactor* ModelInfo(grpc::CallbackServerContext* context,
                                      const v1::ModelInfoRequest* request,
                                      v1::ModelInfoResponse* response) override;
  grpc::ServerUnaryReactor* Metrics(grpc::CallbackServerContext* context,
                                    const v1::MetricsRequest* request,
                                    v1::MetricsResponse* response) override;

 private:
  verifier::Verifier* const verifier_;
};

}  // namespace tessera::verifier
