#include "tools/serve_benchmark/response_reader.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"

namespace tessera::serve_benchmark {
namespace {

constexpr absl::string_view kHeadEnd = "\r\n\r\n";
constexpr absl::string_view kLineEnd = "\r\n";

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("no HTTP response: ", what));
}

}  // namespace

absl::Status ResponseReader::ReadHead(absl::string_view head) {
  const std::vector<std::string> lines =
      absl::StrSplit(absl::AsciiStrToLower(head), kLineEnd);
  const std::vector<absl::string_view> words = absl::StrSplit(lines[0], ' ');
  if (words.size() < 2 || !absl::StartsWith(words[0], "http/1.") ||
      !absl::SimpleAtoi(words[1], &status_)) {
    return Bad(lines[0]);
  }
  state_ = State::kPlain;
  remaining_ = -1;
  for (const absl::string_view line : lines) {
    if (absl::StartsWith(line, "transfer-encoding:") &&
        absl::StrContains(line, "chunked")) {
      state_ = State::kChunkSize;
    } else if (absl::StartsWith(line, "content-length:") &&
               !absl::SimpleAtoi(line.substr(line.find(':') + 1),
                                 &remaining_)) {
      return Bad(line);
    }
  }
  if (state_ == State::kPlain && remaining_ == 0) state_ = State::kDone;
  return absl::OkStatus();
}

absl::Status ResponseReader::ReadChunkSize(absl::string_view line) {
  const absl::string_view digits = line.substr(0, line.find(';'));
  if (!absl::SimpleHexAtoi(digits, &remaining_) || remaining_ < 0) {
    return Bad(line);
  }
  // Trailers would follow a last chunk; nothing here asks for them.
  state_ = remaining_ == 0 ? State::kDone : State::kChunk;
  return absl::OkStatus();
}

bool ResponseReader::TakeLine(std::string* line) {
  const size_t end = waiting_.find(kLineEnd.data());
  if (end == std::string::npos) return false;
  *line = waiting_.substr(0, end);
  waiting_.erase(0, end + kLineEnd.size());
  return true;
}

void ResponseReader::TakeBody(std::string* body) {
  const size_t taken = remaining_ < 0
                           ? waiting_.size()
                           : std::min<size_t>(waiting_.size(), remaining_);
  body->append(waiting_, 0, taken);
  waiting_.erase(0, taken);
  if (remaining_ < 0) return;
  remaining_ -= taken;
  if (remaining_ > 0) return;
  state_ = state_ == State::kChunk ? State::kChunkEnd : State::kDone;
}

absl::StatusOr<bool> ResponseReader::Advance(std::string* body) {
  std::string line;
  switch (state_) {
    case State::kHead: {
      const size_t end = waiting_.find(kHeadEnd.data());
      if (end == std::string::npos) return false;
      RETURN_IF_ERROR(ReadHead(waiting_.substr(0, end)));
      waiting_.erase(0, end + kHeadEnd.size());
      return true;
    }
    case State::kChunkSize:
      if (!TakeLine(&line)) return false;
      RETURN_IF_ERROR(ReadChunkSize(line));
      return true;
    case State::kChunkEnd:
      if (!TakeLine(&line)) return false;
      if (!line.empty()) return Bad("a chunk is longer than its size");
      state_ = State::kChunkSize;
      return true;
    case State::kPlain:
    case State::kChunk:
      if (waiting_.empty()) return false;
      TakeBody(body);
      return true;
    case State::kDone:
      return false;
  }
  return false;
}

absl::StatusOr<std::string> ResponseReader::Add(absl::string_view bytes) {
  waiting_.append(bytes.data(), bytes.size());
  std::string body;
  while (true) {
    ASSIGN_OR_RETURN(const bool advanced, Advance(&body));
    if (!advanced) return body;
  }
}

}  // namespace tessera::serve_benchmark
