// Bad GGUF files: an error that says where, never a crash (the sanitizers look
// on) and never an allocation of what a file merely claims.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/gguf_reader.h"
#include "libs/checkpoint/test_files.h"

namespace tessera {
namespace {

absl::Status ParseStatus(const std::string& bytes) {
  const AlignedBytes aligned(bytes);
  absl::StatusOr<std::unique_ptr<GgufFile>> file =
      GgufFile::Parse(aligned.span(), "bad.gguf");
  if (!file.ok()) return file.status();
  // Whatever was accepted can be read.
  for (const GgufMetadata& entry : (*file)->metadata()) {
    (void)ArrayStrings(entry.value);
    (void)ArrayInts(entry.value);
    (void)ArrayFloats(entry.value);
    (void)ArrayBools(entry.value);
  }
  unsigned sum = 0;
  for (const TensorEntry& tensor : (*file)->tensors()) {
    for (int64_t i = 0; i < tensor.view.num_bytes(); ++i) {
      sum += tensor.view.data_as<uint8_t>()[i];
    }
  }
  return sum == ~0u ? absl::InternalError("") : absl::OkStatus();
}

void ExpectError(const std::string& bytes, absl::string_view words) {
  const absl::Status status = ParseStatus(bytes);
  EXPECT_TRUE(absl::StartsWith(status.message(), "bad.gguf: ")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), words))
      << status << "\nlacks " << words;
}

std::string Header(uint64_t num_tensors, uint64_t num_metadata) {
  return "GGUF" + LittleEndian(3, 4) + LittleEndian(num_tensors, 8) +
         LittleEndian(num_metadata, 8);
}

std::string String(absl::string_view text) {
  return LittleEndian(text.size(), 8) + std::string(text);
}

// One metadata entry and nothing else.
std::string WithMetadata(absl::string_view key, uint32_t type,
                         const std::string& value) {
  return Header(0, 1) + String(key) + LittleEndian(type, 4) + value;
}

std::string TensorInfo(absl::string_view name, std::vector<uint64_t> sizes,
                       uint32_t type, uint64_t offset) {
  std::string info = String(name) + LittleEndian(sizes.size(), 4);
  for (const uint64_t size : sizes) info += LittleEndian(size, 8);
  return info + LittleEndian(type, 4) + LittleEndian(offset, 8);
}

// One or two tensors and 256 bytes of data.
std::string WithTensors(const std::string& a, const std::string& b = "") {
  std::string bytes = Header(b.empty() ? 1 : 2, 0) + a + b;
  bytes.resize((bytes.size() + 31) / 32 * 32 + 256);
  return bytes;
}

TEST(GgufHostileTest, SurvivesTruncationAtEveryByte) {
  const std::string whole = FileBytes(SmallGgufHeader().Layout());
  // The last tensor ends 28 bytes before the file does.
  for (size_t size = 0; size + 28 < whole.size(); ++size) {
    ASSERT_FALSE(ParseStatus(whole.substr(0, size)).ok()) << size;
  }
}

TEST(GgufHostileTest, SurvivesEveryByteChanged) {
  const std::string whole = FileBytes(SmallGgufHeader().Layout());
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ change);
      (void)ParseStatus(bytes);
    }
  }
}

TEST(GgufHostileTest, SurvivesExtremeNumbersAnywhere) {
  const std::string whole = FileBytes(SmallGgufHeader().Layout());
  for (size_t i = 0; i + 8 <= whole.size(); ++i) {
    for (const uint64_t value :
         {~uint64_t{0}, ~uint64_t{0} >> 1, uint64_t{1} << 63, uint64_t{1} << 32,
          ~uint64_t{0} - 7, uint64_t{0}}) {
      std::string bytes = whole;
      bytes.replace(i, 8, LittleEndian(value, 8));
      (void)ParseStatus(bytes);
    }
  }
}

TEST(GgufHostileTest, NamesWhatIsWrongWithTheHeader) {
  ExpectError("", "magic takes 4 bytes, but 0 remain");
  ExpectError("GGML\3\0\0\0", "not a GGUF file");
  ExpectError("GGUF" + LittleEndian(1, 4), "GGUF version 1 is not supported");
  ExpectError("GGUF" + LittleEndian(0x03000000, 4), "big-endian");
  ExpectError(Header(~uint64_t{0}, 0), "counts 18446744073709551615 tensors");
  ExpectError(Header(0, 1u << 31), "counts 2147483648 metadata entries");
}

TEST(GgufHostileTest, NamesWhatIsWrongWithMetadata) {
  ExpectError(WithMetadata("k", 99, "12345678"), "unknown value type 99");
  ExpectError(WithMetadata("k", 7, "\2"), "bool 2 is not 0 or 1");
  ExpectError(WithMetadata("\xff", 7, "\1"), "\"\\xff\" is not valid UTF-8");
  ExpectError(WithMetadata("", 4, "1234"), "must have 1 to 65535");
  ExpectError(WithMetadata("k", 8, LittleEndian(1000, 8) + "x"),
              "metadata \"k\": at offset 45: string takes 1000 bytes, but 1 "
              "remain");
  ExpectError(
      WithMetadata("k", 9,
                   LittleEndian(6, 4) + LittleEndian(uint64_t{1} << 62, 8)),
      "an array of 4611686018427387904 float32 does not fit");
  ExpectError(WithMetadata("k", 9,
                           LittleEndian(8, 4) + LittleEndian(2, 8) +
                               String("a") + LittleEndian(9, 8)),
              "metadata \"k\": element 1: ");
  std::string nested;
  for (int i = 0; i < 100000; ++i) {
    nested += LittleEndian(9, 4) + LittleEndian(1, 8);
  }
  ExpectError(WithMetadata("k", 9, nested), "arrays nested over 4 deep");
  const std::string entry =
      String("k") + LittleEndian(7, 4) + std::string("\1");
  ExpectError(Header(0, 2) + entry + entry, "\"k\" stands twice");
  for (const uint64_t alignment : {0, 4, 24, 1 << 30}) {
    ExpectError(
        WithMetadata("general.alignment", 4, LittleEndian(alignment, 4)),
        "not a power of two from 8 to");
  }
}

TEST(GgufHostileTest, NamesWhatIsWrongWithTensors) {
  EXPECT_TRUE(ParseStatus(WithTensors(TensorInfo("t", {64}, 0, 0))).ok());
  EXPECT_TRUE(ParseStatus(WithTensors(TensorInfo("t", {0, 7}, 0, 0))).ok());
  ExpectError(
      WithTensors(TensorInfo("t", {65}, 0, 0)),
      "tensor \"t\": its 260 bytes at offset 0 of the data lie outside");
  ExpectError(WithTensors(TensorInfo("t", {1}, 0, 512)), "lie outside");
  ExpectError(WithTensors(TensorInfo("t", {1}, 0, ~uint64_t{31})),
              "lie outside");
  ExpectError(WithTensors(TensorInfo("t", {1}, 0, 4)), "not a multiple of 32");
  ExpectError(WithTensors(TensorInfo("t", {1, 1, 1, 1, 1}, 0, 0)),
              "5 dimensions; at most 4");
  ExpectError(WithTensors(TensorInfo("t", {~uint64_t{0}}, 0, 0)),
              "dimension 0 is 18446744073709551615");
  ExpectError(WithTensors(TensorInfo("t", {1u << 31, 1u << 31, 4}, 0, 0)),
              "overflows");
  ExpectError(WithTensors(TensorInfo("t", {33}, 2, 0)),
              "not a whole number of Q4_0 blocks");
  ExpectError(WithTensors(TensorInfo("\xc0", {1}, 0, 0)), "not valid UTF-8");
  ExpectError(
      WithTensors(TensorInfo("t", {1}, 0, 0), TensorInfo("t", {1}, 0, 32)),
      "tensor \"t\" stands twice");
  ExpectError(
      WithTensors(TensorInfo("t", {9}, 0, 0), TensorInfo("u", {1}, 0, 32)),
      "tensors \"t\" and \"u\" overlap");
}

TEST(GgufHostileTest, ListsWhatItCannotLoad) {
  const AlignedBytes bytes(WithTensors(TensorInfo("i", {256}, 17, 0),
                                       TensorInfo("u", {7}, 1000, 96)));
  const std::unique_ptr<GgufFile> file =
      *GgufFile::Parse(bytes.span(), "iq.gguf");
  EXPECT_EQ(file->FindTensor("i")->num_bytes, 74);
  EXPECT_EQ(file->FindTensor("i")->unsupported,
            "has type IQ2_XS, not supported; supported are F32, F16, Q4_0, "
            "Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, I8, I32, BF16");
  EXPECT_TRUE(absl::StartsWith(file->FindTensor("u")->unsupported,
                               "has type 1000, not supported"));
}

}  // namespace
}  // namespace tessera
