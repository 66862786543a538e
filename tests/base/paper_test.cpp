#include "signet/base/paper.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

const Paper kThree{.key = "a2020x",
                   .authors = "Ann B. Alpha and Bo Beta and Cy Gamma",
                   .title = "On X",
                   .year = 2020,
                   .venue = "Journal of X",
                   .arxiv = "2001.00001"};
const Paper kBlog{.key = "d2016y",
                  .authors = "D",
                  .title = "On Y",
                  .year = 2016,
                  .url = "https://y.example"};

TEST(Paper, IsNamedInALine) {
  EXPECT_EQ(short_text(kThree), "Alpha, Beta, Gamma 2020, arXiv:2001.00001");
  auto five = kThree;
  five.authors += " and Di Delta and E";
  five.arxiv.clear();
  EXPECT_EQ(short_text(five), "Alpha, Beta, Gamma et al. 2020, Journal of X");
  EXPECT_EQ(short_text(std::vector{kThree, kBlog}),
            "Alpha, Beta, Gamma 2020, arXiv:2001.00001; D 2016, "
            "https://y.example");
}

TEST(Paper, SurnamesOfSeveralWordsStandInBraces) {
  auto paper = kThree;
  paper.authors = "Ann {van Alpha} and Bo Beta";
  EXPECT_EQ(short_text(paper), "van Alpha, Beta 2020, arXiv:2001.00001");
}

TEST(Paper, IsPrintedAsBibtex) {
  EXPECT_EQ(bibtex(kThree),
            "@article{a2020x,\n"
            "  author = {Ann B. Alpha and Bo Beta and Cy Gamma},\n"
            "  title = {On X},\n"
            "  journal = {Journal of X},\n"
            "  year = {2020},\n"
            "  eprint = {2001.00001},\n"
            "  archivePrefix = {arXiv}\n"
            "}\n");
  EXPECT_EQ(bibtex(kBlog),
            "@misc{d2016y,\n"
            "  author = {D},\n"
            "  title = {On Y},\n"
            "  year = {2016},\n"
            "  url = {https://y.example}\n"
            "}\n");
}

}  // namespace
}  // namespace signet
