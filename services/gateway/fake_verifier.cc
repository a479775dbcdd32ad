#include "services/gateway/fake_verifier.h"

#include <string>

#include "google/protobuf/text_format.h"
#include "libs/base/check.h"

namespace tessera::gateway {
namespace {

namespace v1 = verifier::v1;

class FakeCall : public verifier::GenerateCall {
 public:
  explicit FakeCall(std::shared_ptr<FakeVerifier::Call> call)
      : call_(std::move(call)) {}
  ~FakeCall() override { call_->is_dropped = true; }
  void Cancel() override { call_->is_cancelled = true; }

 private:
  const std::shared_ptr<FakeVerifier::Call> call_;
};

std::string TextOf(const v1::Prompt& prompt) {
  if (prompt.has_text()) return prompt.text().text();
  std::string text;
  for (const v1::ChatMessage& message : prompt.chat().messages()) {
    text += message.role() + ":" + message.content() + "\n";
  }
  return text;
}

}  // namespace

FakeVerifier::FakeVerifier() : info(v1::ModelInfoResponse()) {
  info->set_name("tiny");
  info->set_context_len(100);
  info->set_vocab_size(256);
  info->set_created_unix_seconds(1700000000);
}

std::unique_ptr<verifier::GenerateCall> FakeVerifier::Generate(
    v1::GenerateRequest request,
    std::shared_ptr<verifier::GenerateObserver> observer) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->observer = std::move(observer);
  calls.push_back(call);
  if (script) script(*call);
  return std::make_unique<FakeCall>(call);
}

void FakeVerifier::Tokenize(v1::TokenizeRequest request,
                            verifier::Callback<v1::TokenizeResponse> done) {
  if (!unary_error.ok()) return done(unary_error);
  v1::TokenizeResponse response;
  response.set_context_len(100);
  for (const char byte : TextOf(request.prompt())) {
    response.add_ids(static_cast<uint8_t>(byte));
    response.add_token_texts(std::string(1, byte));
  }
  done(response);
}

void FakeVerifier::Detokenize(v1::DetokenizeRequest request,
                              verifier::Callback<v1::DetokenizeResponse> done) {
  if (!unary_error.ok()) return done(unary_error);
  v1::DetokenizeResponse response;
  for (const int32_t id : request.ids()) {
    response.mutable_text()->push_back(static_cast<char>(id));
  }
  done(response);
}

void FakeVerifier::ModelInfo(verifier::Callback<v1::ModelInfoResponse> done) {
  if (holds_info) {
    held_infos.push_back(std::move(done));
  } else {
    done(info);
  }
}

void FakeVerifier::Metrics(verifier::Callback<v1::MetricsResponse> done) {
  v1::MetricsResponse response;
  response.set_exposition(exposition);
  done(response);
}

v1::GenerateResponse Response(const char* text) {
  v1::GenerateResponse response;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &response)) << text;
  return response;
}

}  // namespace tessera::gateway
