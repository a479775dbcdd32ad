#include "libs/metrics/exposition.h"

#include "gtest/gtest.h"

namespace tessera::metrics {
namespace {

TEST(ExpositionTest, EverySampleGetsTheLabel) {
  EXPECT_EQ(AddLabel("# HELP a b c\n# TYPE a counter\na 1\na{x=\"y z\"} 2\n",
                     "verifier", "h\"\\:1"),
            "# HELP a b c\n# TYPE a counter\n"
            "a{verifier=\"h\\\"\\\\:1\"} 1\n"
            "a{verifier=\"h\\\"\\\\:1\",x=\"y z\"} 2\n");
}

TEST(ExpositionTest, AMetricsSamplesStandTogetherUnderOneHeader) {
  EXPECT_EQ(MergeExpositions({"# HELP a first\n# TYPE a gauge\na 1\n"
                              "# HELP b b\n# TYPE b counter\nb 1\n",
                              "# HELP c c\n# TYPE c gauge\nc 1\n"
                              "# HELP a second\n# TYPE a gauge\na{v=\"1\"} 2\n",
                              "# TYPE a gauge\na{v=\"2\"} 3\n"}),
            "# HELP a first\n# TYPE a gauge\na 1\na{v=\"1\"} 2\na{v=\"2\"} 3\n"
            "# HELP b b\n# TYPE b counter\nb 1\n"
            "# HELP c c\n# TYPE c gauge\nc 1\n");
}

TEST(ExpositionTest, WhatBelongsToNoMetricIsLeftOut) {
  EXPECT_EQ(MergeExpositions({"stray 1\n# words\n\n# TYPE a gauge\na 1"}),
            "# TYPE a gauge\na 1\n");
  EXPECT_EQ(MergeExpositions({}), "");
}

}  // namespace
}  // namespace tessera::metrics
