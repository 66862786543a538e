#include "signet/base/paper.h"

namespace signet {
namespace {

/// "Hoof" of "Ann B. Hoof"; what stands in braces, as in "Ann {van Hoof}".
std::string surname(const std::string& name) {
  const auto brace = name.find('{');
  if (brace != std::string::npos)
    return name.substr(brace + 1, name.find('}') - brace - 1);
  return name.substr(name.rfind(' ') + 1);
}

std::vector<std::string> split_authors(const std::string& authors) {
  std::vector<std::string> names;
  const std::string between = " and ";
  size_t from = 0;
  while (true) {
    const auto at = authors.find(between, from);
    names.push_back(authors.substr(from, at - from));
    if (at == std::string::npos) return names;
    from = at + between.size();
  }
}

}  // namespace

std::string short_text(const Paper& paper) {
  const auto names = split_authors(paper.authors);
  std::string text;
  for (size_t i = 0; i < names.size() && i < 3; ++i)
    text += (i ? ", " : "") + surname(names[i]);
  if (names.size() > 3) text += " et al.";
  text += ' ';
  text += std::to_string(paper.year);
  if (!paper.arxiv.empty()) return text + ", arXiv:" + paper.arxiv;
  if (!paper.venue.empty()) return text + ", " + paper.venue;
  return text + ", " + paper.url;
}

std::string short_text(const std::vector<Paper>& papers) {
  std::string text;
  for (const auto& paper : papers)
    text += (text.empty() ? "" : "; ") + short_text(paper);
  return text;
}

std::string bibtex(const Paper& paper) {
  std::string text = paper.venue.empty() ? "@misc{" : "@article{";
  text += paper.key + ",\n  author = {" + paper.authors + "},\n  title = {" +
          paper.title + "},\n";
  if (!paper.venue.empty()) text += "  journal = {" + paper.venue + "},\n";
  text += "  year = {" + std::to_string(paper.year) + "}";
  if (!paper.arxiv.empty()) {
    text += ",\n  eprint = {" + paper.arxiv + "},\n  archivePrefix = {arXiv}";
  }
  if (!paper.url.empty()) text += ",\n  url = {" + paper.url + "}";
  return text + "\n}\n";
}

}  // namespace signet
