// Puts a load on a server of loopback and writes when each token came.
//
//   load_client <plan.json >answers.json
//
//   {"port": 8080, "end_with_lane": null,
//    "lanes": [[{"delay_ms": 0, "path": "/v1/completions", "body": "{...}"}]]}
//
// The lanes run at once; with end_with_lane the others stop when it is done.
// Out: {"lanes": [[{"sent_s", "tokens_s": [...], "end_s", "status",
// "completion_tokens", "error", "body"}]], "cpu_s": of this process}. One
// thread, so that little is taken from the server that is timed; the body is
// for who wants to know more afterwards.
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/base/status_macros.h"
#include "libs/json/json.h"
#include "libs/json/json_field.h"
#include "nlohmann/json.hpp"
#include "tools/serve_benchmark/lane.h"

namespace tessera::serve_benchmark {
namespace {

constexpr int kMaxDelayMs = 1 << 30;

struct Plan {
  std::vector<std::unique_ptr<Lane>> lanes;
  int end_with_lane = -1;
};

absl::StatusOr<PlannedRequest> ReadRequest(const JsonField& field) {
  PlannedRequest request;
  ASSIGN_OR_RETURN(const int64_t delay,
                   field.Get("delay_ms").Int(0, kMaxDelayMs));
  request.delay = absl::Milliseconds(delay);
  ASSIGN_OR_RETURN(request.path, field.Get("path").String());
  ASSIGN_OR_RETURN(request.body, field.Get("body").String());
  return request;
}

absl::StatusOr<std::vector<PlannedRequest>> ReadLane(const JsonField& field) {
  ASSIGN_OR_RETURN(const size_t size, field.ArraySize());
  std::vector<PlannedRequest> requests;
  for (size_t i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(PlannedRequest request, ReadRequest(field.At(i)));
    requests.push_back(std::move(request));
  }
  return requests;
}

absl::StatusOr<Plan> ReadPlan(const JsonField& root) {
  Plan plan;
  ASSIGN_OR_RETURN(const int64_t port, root.Get("port").Int(1, 65535));
  const JsonField lanes = root.Get("lanes");
  ASSIGN_OR_RETURN(const size_t size, lanes.ArraySize());
  for (size_t i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(std::vector<PlannedRequest> requests,
                     ReadLane(lanes.At(i)));
    plan.lanes.push_back(std::make_unique<Lane>(port, std::move(requests)));
  }
  const JsonField last = root.Get("end_with_lane");
  if (!last.IsNull()) {
    ASSIGN_OR_RETURN(plan.end_with_lane,
                     last.Int(0, static_cast<int64_t>(size) - 1));
  }
  return plan;
}

int MillisecondsUntil(absl::Duration wake, absl::Duration now) {
  if (wake == absl::InfiniteDuration()) return -1;
  return std::max<int64_t>(0, absl::ToInt64Milliseconds(absl::Ceil(
                                  wake - now, absl::Milliseconds(1))));
}

void Wait(const std::vector<std::unique_ptr<Lane>>& lanes, absl::Duration now) {
  std::vector<pollfd> polls;
  absl::Duration wake = absl::InfiniteDuration();
  for (const auto& lane : lanes) {
    polls.push_back(lane->Poll());
    wake = std::min(wake, lane->wake_time());
  }
  poll(polls.data(), polls.size(), MillisecondsUntil(wake, now));
}

void Run(Plan& plan) {
  const absl::Time begin = absl::Now();
  while (true) {
    const absl::Duration now = absl::Now() - begin;
    bool all_done = true;
    for (const auto& lane : plan.lanes) {
      lane->Advance(absl::Now() - begin);
      all_done = all_done && lane->done();
    }
    if (all_done) return;
    if (plan.end_with_lane >= 0 && plan.lanes[plan.end_with_lane]->done()) {
      for (const auto& lane : plan.lanes) lane->Stop(absl::Now() - begin);
      return;
    }
    Wait(plan.lanes, now);
  }
}

nlohmann::ordered_json Json(const Answer& answer) {
  nlohmann::ordered_json tokens = nlohmann::ordered_json::array();
  for (const absl::Duration token : answer.tokens) {
    tokens.push_back(absl::ToDoubleSeconds(token));
  }
  return {{"sent_s", absl::ToDoubleSeconds(answer.sent)},
          {"tokens_s", std::move(tokens)},
          {"end_s", absl::ToDoubleSeconds(answer.end)},
          {"status", answer.status},
          {"completion_tokens", answer.completion_tokens},
          {"error", answer.error},
          {"body", answer.body}};
}

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(time));
}

absl::Status Main() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text));
  ASSIGN_OR_RETURN(Plan plan, ReadPlan(JsonField(&json, "plan")));
  const double cpu_before = CpuSeconds();
  Run(plan);
  nlohmann::ordered_json lanes = nlohmann::ordered_json::array();
  for (const auto& lane : plan.lanes) {
    nlohmann::ordered_json answers = nlohmann::ordered_json::array();
    for (const Answer& answer : lane->answers())
      answers.push_back(Json(answer));
    lanes.push_back(std::move(answers));
  }
  const nlohmann::ordered_json result = {{"lanes", std::move(lanes)},
                                         {"cpu_s", CpuSeconds() - cpu_before}};
  // An answer's bytes are whatever the server sent.
  std::cout << result.dump(-1, ' ', true,
                           nlohmann::json::error_handler_t::replace)
            << "\n";
  return absl::OkStatus();
}

}  // namespace
}  // namespace tessera::serve_benchmark

int main() {
  const absl::Status status = tessera::serve_benchmark::Main();
  if (status.ok()) return 0;
  std::cerr << "load_client: " << status.message() << "\n";
  return 1;
}
