#include "libs/device/physical_cores.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace tessera::device {
namespace {

class PhysicalCoresTest : public testing::Test {
 protected:
  PhysicalCoresTest() : folder_(testing::TempDir() + "/physical_cores_test") {
    std::filesystem::remove_all(folder_);
  }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = folder_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }

  std::string folder_;
};

TEST_F(PhysicalCoresTest, CountsHyperthreadsOnce) {
  for (int cpu = 0; cpu < 8; ++cpu) {
    const std::string topology = "cpu" + std::to_string(cpu) + "/topology/";
    Write(topology + "physical_package_id", std::to_string(cpu % 4 / 2));
    Write(topology + "core_id", std::to_string(cpu % 2));
  }
  EXPECT_EQ(OneCpuPerCore({0, 1, 2, 3, 4, 5, 6, 7}, folder_),
            (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(OneCpuPerCore({5, 1, 6}, folder_), (std::vector<int>{5, 6}));
}

TEST_F(PhysicalCoresTest, WithoutATopologyEveryCpuCounts) {
  EXPECT_EQ(OneCpuPerCore({0, 3}, folder_), (std::vector<int>{0, 3}));
}

TEST_F(PhysicalCoresTest, ReadsTheLimitOfTheControlGroup) {
  EXPECT_EQ(CpuLimit(folder_ + "/none"), 0);
  Write("max", "max 100000\n");
  EXPECT_EQ(CpuLimit(folder_ + "/max"), 0);
  Write("two", "200000 100000\n");
  EXPECT_EQ(CpuLimit(folder_ + "/two"), 2);
  Write("half", "150000 100000\n");
  EXPECT_EQ(CpuLimit(folder_ + "/half"), 2) << "rounded up";
}

TEST_F(PhysicalCoresTest, ThisMachineHasOne) {
  EXPECT_GE(NumPhysicalCores(), 1);
}

}  // namespace
}  // namespace tessera::device
