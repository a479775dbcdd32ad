#include "libs/http/chunk_decoder.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace tessera::http {
namespace {

constexpr int kMaxDigits = 16;  // of a size, leading zeros among them
constexpr int kMaxLineBytes = 8 << 10;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::Result ChunkDecoder::Read(absl::string_view bytes,
                                        size_t* num_read, std::string* body) {
  for (*num_read = 0; *num_read < bytes.size();) {
    if (state_ == State::kTrailers) {
      return ReadTrailers(bytes.substr(*num_read), num_read);
    }
    if (state_ == State::kData) {
      *num_read += ReadData(bytes.substr(*num_read), body);
      continue;
    }
    const Result result = ReadByte(bytes[(*num_read)++]);
    if (result != Result::kMore) return result;
  }
  return Result::kMore;
}

ChunkDecoder::Result ChunkDecoder::ReadByte(char c) {
  switch (state_) {
    case State::kSize:
      return ReadSize(c);
    case State::kExtension:
      return ReadExtension(c);
    case State::kSizeEnd:
      return c == '\n' ? EndSize() : Result::kMalformed;
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r' ? Result::kMore : Result::kMalformed;
    case State::kDataLf:
      state_ = State::kSize;
      return c == '\n' ? Result::kMore : Result::kMalformed;
    default:
      return Result::kMalformed;
  }
}

ChunkDecoder::Result ChunkDecoder::ReadSize(char c) {
  const int digit = HexDigit(c);
  if (digit >= 0) {
    size_ = size_ << 4 | digit;
    return ++num_digits_ <= kMaxDigits ? Result::kMore : Result::kMalformed;
  }
  if (num_digits_ == 0) return Result::kMalformed;
  state_ = State::kExtension;
  return ReadExtension(c);
}

// Blanks may stand between the size and the ';', nothing else.
ChunkDecoder::Result ChunkDecoder::ReadExtension(char c) {
  if (c == '\r') {
    state_ = State::kSizeEnd;
    return Result::kMore;
  }
  if (c == ';') has_extension_ = true;
  const bool is_blank = c == ' ' || c == '\t';
  if ((!has_extension_ && !is_blank) || (absl::ascii_iscntrl(c) && !is_blank) ||
      ++num_line_bytes_ > kMaxLineBytes) {
    return Result::kMalformed;
  }
  return Result::kMore;
}

ChunkDecoder::Result ChunkDecoder::EndSize() {
  num_digits_ = 0;
  num_line_bytes_ = 0;
  has_extension_ = false;
  if (size_ > num_allowed_) return Result::kTooLong;
  num_allowed_ -= size_;
  state_ = size_ > 0 ? State::kData : State::kTrailers;
  return Result::kMore;
}

size_t ChunkDecoder::ReadData(absl::string_view bytes, std::string* body) {
  const size_t num_read = std::min<uint64_t>(bytes.size(), size_);
  body->append(bytes.data(), num_read);
  size_ -= num_read;
  if (size_ == 0) state_ = State::kDataCr;
  return num_read;
}

ChunkDecoder::Result ChunkDecoder::ReadTrailers(absl::string_view bytes,
                                                size_t* num_read) {
  bytes = bytes.substr(0, kMaxLineBytes + 1 - num_line_bytes_);
  size_t num_scanned = 0;
  const HeaderScanner::Result result = trailers_.Scan(bytes, &num_scanned);
  *num_read += num_scanned;
  num_line_bytes_ += num_scanned;
  if (result == HeaderScanner::Result::kMalformed ||
      num_line_bytes_ > kMaxLineBytes) {
    return Result::kMalformed;
  }
  return result == HeaderScanner::Result::kEnd ? Result::kEnd : Result::kMore;
}

}  // namespace tessera::http
