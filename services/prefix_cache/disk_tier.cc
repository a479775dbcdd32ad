#include "services/prefix_cache/disk_tier.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/status_macros.h"
#include "rocksdb/db.h"
#include "rocksdb/table.h"
#include "services/prefix_cache/disk_entry.h"

namespace tessera::prefix_cache {
namespace {

constexpr char kEntryKey = 'i';
constexpr char kRecordKey = 'b';
// Entries stay among the keys, records do not.
constexpr int64_t kMinBlobBytes = 1024;
constexpr int kMaxOpenFiles = 256;

std::string KeyOf(char kind, const Hash& hash) {
  std::string key(1, kind);
  key.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return key;
}

rocksdb::Slice AsSlice(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Text>
ByteSpan AsBytes(const Text& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

absl::string_view View(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

std::string DatabaseIn(const DiskOptions& options) {
  return absl::StrCat(options.directory, "/blocks");
}

absl::Status Unavailable(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("disk: ", status.ToString()));
}

rocksdb::Options DatabaseOptions(int64_t buffer_bytes, int64_t max_bytes) {
  rocksdb::Options options;
  options.create_if_missing = true;
  // A record is checked by its own checksum: take what the log still has.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.write_buffer_size = buffer_bytes;
  options.max_write_buffer_number = 2;
  options.allow_fallocate = false;  // the files' sizes are counted
  options.max_background_jobs = 2;
  options.max_open_files = kMaxOpenFiles;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.compression = rocksdb::kNoCompression;
  options.enable_blob_files = true;
  options.min_blob_size = kMinBlobBytes;
  options.blob_file_size =
      std::clamp<int64_t>(max_bytes / 64, 1 << 20, 64 << 20);
  // Compactions would move payloads that are fine where they are: Reclaim says
  // when.
  options.enable_blob_garbage_collection = false;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(8 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskTier>> DiskTier::Open(
    const DiskOptions& options) {
  std::unique_ptr<DiskTier> disk(new DiskTier(options));
  RETURN_IF_ERROR(disk->LockDirectory());
  absl::Status status = disk->OpenDatabase();
  if (status.ok()) status = disk->LoadEntries();
  if (absl::IsDataLoss(status)) {
    disk->was_damaged_ = true;
    disk->db_.reset();
    disk->entries_.clear();
    std::error_code error;
    std::filesystem::remove_all(DatabaseIn(options), error);
    status = disk->OpenDatabase();
  }
  if (!status.ok()) return Annotate(status, options.directory);
  return disk;
}

DiskTier::DiskTier(const DiskOptions& options) : options_(options) {}

DiskTier::~DiskTier() {
  if (db_ != nullptr) db_->Close().PermitUncheckedError();
  db_.reset();
  if (lock_file_ >= 0) close(lock_file_);
}

// RocksDB's own lock cannot be told from a broken database.
absl::Status DiskTier::LockDirectory() {
  std::error_code error;
  std::filesystem::create_directories(options_.directory, error);
  const std::string path = absl::StrCat(options_.directory, "/lock");
  lock_file_ = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_file_ < 0) {
    return absl::UnavailableError(
        absl::StrCat(options_.directory, ": cannot be written"));
  }
  if (flock(lock_file_, LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(
        absl::StrCat(options_.directory, ": in use by another process"));
  }
  return absl::OkStatus();
}

absl::Status DiskTier::OpenDatabase() {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(DatabaseOptions(buffer_bytes(), options_.max_bytes),
                        DatabaseIn(options_), &db);
  db_.reset(db);
  if (status.ok()) return absl::OkStatus();
  // A full disk says nothing of what is on it.
  if (status.IsNoSpace()) return Unavailable(status);
  return absl::DataLossError(status.ToString());
}

absl::Status DiskTier::LoadEntries() {
  std::vector<Hash> damaged;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
  for (it->Seek(rocksdb::Slice(&kEntryKey, 1)); it->Valid(); it->Next()) {
    const absl::string_view key = View(it->key());
    if (key.empty() || key[0] != kEntryKey) break;
    auto entry = DecodeDiskEntry(key, View(it->value()));
    if (entry.ok()) {
      entries_.push_back(*std::move(entry));
    } else if (Hash hash; key.size() == 1 + hash.size()) {
      std::copy(key.begin() + 1, key.end(), hash.begin());
      damaged.push_back(hash);
    }
  }
  if (!it->status().ok()) return absl::DataLossError(it->status().ToString());
  return damaged.empty() ? absl::OkStatus() : Write({.deletions = damaged});
}

absl::Status DiskTier::Write(const Batch& batch) {
  if (db_ == nullptr) return absl::UnavailableError("disk: not open");
  rocksdb::WriteBatch writes;
  for (const Hash& hash : batch.deletions) {
    RETURN_IF_ERROR(Unavailable(writes.Delete(KeyOf(kEntryKey, hash))));
    RETURN_IF_ERROR(Unavailable(writes.Delete(KeyOf(kRecordKey, hash))));
  }
  for (const RecordPtr& record : batch.writes) {
    RETURN_IF_ERROR(Unavailable(writes.Put(KeyOf(kRecordKey, record->hash()),
                                           AsSlice(record->bytes()))));
  }
  for (const DiskEntry& entry : batch.entries) {
    RETURN_IF_ERROR(Unavailable(
        writes.Put(KeyOf(kEntryKey, entry.hash), EncodeDiskEntry(entry))));
  }
  return Unavailable(db_->Write(rocksdb::WriteOptions(), &writes));
}

absl::Status DiskTier::Resume() {
  if (db_ != nullptr && db_->Resume().ok()) return absl::OkStatus();
  std::unique_lock<std::shared_mutex> lock(mutex_);
  if (db_ != nullptr) db_->Close().PermitUncheckedError();
  db_.reset();
  return OpenDatabase();
}

absl::StatusOr<RecordPtr> DiskTier::Read(const Hash& hash) const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  if (db_ == nullptr) return absl::UnavailableError("disk: not open");
  rocksdb::ReadOptions options;
  options.verify_checksums = false;  // the record has its own
  options.fill_cache = false;
  auto value = std::make_shared<rocksdb::PinnableSlice>();
  const rocksdb::Status status = db_->Get(options, db_->DefaultColumnFamily(),
                                          KeyOf(kRecordKey, hash), value.get());
  if (status.IsNotFound()) return absl::NotFoundError("no such block");
  if (!status.ok()) return absl::DataLossError(status.ToString());
  // A small one may be pinned in a cache that is not ours to keep.
  if (value->size() < kMinBlobBytes) {
    auto copy = std::make_shared<std::string>(value->ToString());
    const ByteSpan bytes = AsBytes(*copy);
    return Record::FromBytes(hash, bytes, std::move(copy));
  }
  const ByteSpan bytes = AsBytes(*value);
  return Record::FromBytes(hash, bytes, std::move(value));
}

// A quarter of the files may hold deleted blocks, an eighth is written anew.
int64_t DiskTier::live_limit_bytes() const {
  return options_.max_bytes * 5 / 8 - 2 * buffer_bytes();
}

int64_t DiskTier::buffer_bytes() const {
  return std::clamp<int64_t>(options_.max_bytes / 32, 256 << 10, 32 << 20);
}

int64_t DiskTier::batch_limit_bytes() const {
  return std::min<int64_t>(buffer_bytes(), 8 << 20);
}

int64_t DiskTier::FileBytes() const {
  int64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(DatabaseIn(options_), error), end;
       !error && it != end; it.increment(error)) {
    std::error_code gone;  // files come and go
    const auto size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

// A batch is written twice, to the log and to a blob file.
bool DiskTier::IsNearLimit() const {
  return FileBytes() + 2 * batch_limit_bytes() + 2 * buffer_bytes() >
         options_.max_bytes;
}

absl::Status DiskTier::Reclaim(bool rewrite) {
  RETURN_IF_ERROR(Unavailable(db_->Flush(rocksdb::FlushOptions())));
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  options.blob_garbage_collection_policy =
      rewrite ? rocksdb::BlobGarbageCollectionPolicy::kForce
              : rocksdb::BlobGarbageCollectionPolicy::kDisable;
  options.blob_garbage_collection_age_cutoff = 0.25;
  return Unavailable(db_->CompactRange(options, nullptr, nullptr));
}

}  // namespace tessera::prefix_cache
