#pragma once

#include <string>
#include <vector>

namespace signet {

/// Where a method comes from.
struct Paper {
  std::string key;      ///< of BibTeX: "bengio2013estimating"
  std::string authors;  ///< "Yoshua Bengio and Nicholas Leonard"
  std::string title;
  int year = 0;
  std::string venue = {};  ///< journal or conference; empty: the arXiv alone
  std::string arxiv = {};  ///< "1308.3432"
  std::string url = {};    ///< where there is no arXiv id
};

/// "Bengio, Leonard 2013, arXiv:1308.3432"
std::string short_text(const Paper& paper);
/// The same of several, with semicolons.
std::string short_text(const std::vector<Paper>& papers);

/// A BibTeX entry, with a newline at its end.
std::string bibtex(const Paper& paper);

}  // namespace signet
