#include "signet/data/csv_lines.h"

#include <algorithm>
#include <array>

#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/data/bad_file.h"

namespace signet {
namespace {

using std::filesystem::path;

constexpr std::string_view kMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void check_encoding(std::string_view text, const path& file) {
  const bool wide =
      text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
  if (wide || text.find('\0') != std::string_view::npos) {
    bad_file(file, std::string("must be text in UTF-8, but got ") +
                       (wide ? "UTF-16" : "a byte 0, as in UTF-16") +
                       ": save it as CSV UTF-8");
  }
}

// Takes one record off the front of a text.
class Reader {
 public:
  Reader(std::string_view text, const path& file) : rest_(text), file_(file) {}

  // False at the end, where `rest` is what no newline ends.
  bool next(CsvLine& line) {
    line.fields.assign(1, "");
    state_ = State::plain;
    for (size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (state_ != State::quoted && (c == '\n' || c == '\r')) {
        const bool both = rest_.substr(i).starts_with("\r\n");
        const size_t bytes = i + (both ? 2 : 1);
        line.bytes = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return true;
      }
      if (state_ == State::quoted && rest_.substr(i).starts_with("\"\"")) {
        line.fields.back() += rest_[i++];  // "" is one quote
      } else {
        take(c, line.fields);
      }
    }
    return false;
  }

  std::string_view rest() const { return rest_; }
  bool in_quotes() const { return state_ == State::quoted; }

 private:
  enum class State { plain, quoted, closed };

  void take(char c, std::vector<std::string>& fields) {
    auto& field = fields.back();
    if (state_ == State::quoted) {
      if (c == '"') {
        state_ = State::closed;
      } else {
        field += c;
      }
    } else if (c == ',') {
      fields.emplace_back();
      state_ = State::plain;
    } else if (state_ == State::closed) {
      if (c != ' ' && c != '\t') {
        bad_file(file_, "a quote must end its field, but got more after \"" +
                            printable(field) + "\"");
      }
    } else if (c == '"') {
      if (!trimmed(field).empty()) {
        bad_file(file_, "a quote must begin its field, but got one after \"" +
                            printable(field) + "\"");
      }
      field.clear();
      state_ = State::quoted;
    } else {
      field += c;
    }
  }

  std::string_view rest_;
  const path& file_;
  State state_ = State::plain;
};

bool is_empty(const CsvLine& line) {
  return line.fields.size() == 1 &&
         trimmed(line.bytes).find_first_not_of("\r\n") ==
             std::string_view::npos;
}

// The header decides what separates fields.
void check_separator(const CsvLine& header, const path& file) {
  if (header.fields.size() > 1) return;
  for (const char other : {';', '\t', '|'}) {
    if (header.fields[0].find(other) == std::string::npos) continue;
    bad_file(file,
             "must have fields between commas (and numbers with a decimal "
             "point), but got \"" +
                 printable(header.fields[0]) + "\": export it so");
  }
}

std::string quoted(const std::string& field, bool alone) {
  const bool spaces = trimmed(field).size() != field.size();
  if (!spaces && !(alone && field.empty()) &&
      field.find_first_of(",\"\r\n") == std::string::npos) {
    return field;
  }
  std::string result = "\"";
  for (const char c : field) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

}  // namespace

CsvLines read_csv_lines(std::string_view text, const path& file) {
  check_encoding(text, file);
  const size_t mark = text.starts_with(kMark) ? kMark.size() : 0;
  Reader reader(text.substr(mark), file);
  CsvLines result;
  for (CsvLine line; reader.next(line);) {
    if (is_empty(line)) continue;
    if (result.lines.empty()) {
      const auto& first = line.fields[0];
      if (first.starts_with("sep=")) {  // Excel's
        if (trimmed(line.bytes).starts_with("sep=,")) continue;
        bad_file(file, "must have fields between commas, but got \"" +
                           printable(first) + "\": export it so");
      }
      check_separator(line, file);
      for (auto& name : line.fields) name = trimmed(name);
    }
    result.lines.push_back(std::move(line));
  }
  result.torn = reader.rest();
  result.open_quote = reader.in_quotes();
  return result;
}

std::optional<double> csv_number(std::string_view field) {
  field = trimmed(field);
  if (field.starts_with("+") && !field.starts_with("+-")) {
    field.remove_prefix(1);
  }
  return read_number<double>(field);
}

bool csv_missing(std::string_view field) {
  constexpr std::array<std::string_view, 8> kWords = {
      "", "NA", "N/A", "#N/A", "NULL", "null", "None", "<NA>"};
  field = trimmed(field);
  return std::find(kWords.begin(), kWords.end(), field) != kWords.end();
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const auto& field : fields) {
    if (&field != &fields.front()) line += ',';
    line += quoted(field, fields.size() == 1);
  }
  return line + '\n';
}

}  // namespace signet
