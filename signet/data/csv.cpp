#include "signet/data/csv.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"

namespace signet {
namespace {

using std::filesystem::path;

// One line of a file (or several: a quoted field may hold newlines).
struct Line {
  std::string_view bytes;  // with its newline
  std::vector<std::string> fields;
};

// The next line at the front of `rest`, taken off it; false at the end or if
// the line is torn.
bool next_line(std::string_view& rest, Line& line, const path& file) {
  line.fields.assign(1, "");
  bool quoted = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    const bool again = i + 1 < rest.size() && rest[i + 1] == '"';
    if (c == '"' && quoted && again) {  // "" is one quote
      line.fields.back() += rest[i++];
    } else if (c == '"') {
      if (!quoted && !line.fields.back().empty()) {
        bad_file(file, "a quote must begin its field, but got one after \"" +
                           line.fields.back() + "\"");
      }
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      line.fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      line.bytes = rest.substr(0, i + 1);
      rest.remove_prefix(i + 1);
      return true;
    } else if (quoted || c != '\r' || !rest.substr(i).starts_with("\r\n")) {
      line.fields.back() += c;
    }
  }
  return false;
}

// Reads `text` into a table and, side by side, the bytes of each row.
CsvTable parse(std::string_view text, const path& file,
               std::vector<std::string_view>& bytes) {
  CsvTable table;
  table.path = file;
  Line line;
  while (next_line(text, line, file)) {
    if (table.columns.empty()) {
      table.columns = line.fields;
    } else if (line.fields.size() != table.columns.size()) {
      bad_file(file, "row " + std::to_string(table.rows.size() + 1) +
                         " must have " + std::to_string(table.columns.size()) +
                         " fields as the header, but got " +
                         std::to_string(line.fields.size()));
    } else {
      table.rows.push_back(line.fields);
    }
    bytes.push_back(line.bytes);
  }
  return table;
}

std::string read_text(const path& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

// The number that a field is, if it is one.
std::optional<double> to_number(const std::string& field) {
  double value = 0;
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  if (error != std::errc() || stop != end) return {};
  return value;
}

std::string quote(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string result = "\"";
  for (const char c : field) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

std::string joined(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += quote(fields[i]);
  }
  return line;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

}  // namespace

size_t CsvTable::column(const std::string& name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == name) return i;
  }
  bad_file(path,
           "must have a column \"" + name + "\", but got " + joined(columns));
}

std::vector<double> CsvTable::numbers(const std::string& name) const {
  const size_t at = column(name);
  std::vector<double> result;
  for (const auto& row : rows) {
    const std::string& field = row[at];
    const auto value = to_number(field);
    if (!field.empty() && !value) {
      bad_file(path, "column \"" + name + "\" must hold numbers, but got \"" +
                         field + "\" in row " +
                         std::to_string(result.size() + 1));
    }
    result.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return result;
}

CsvTable read_csv(const path& file) {
  std::vector<std::string_view> bytes;
  CsvTable table = parse(read_text(file), file, bytes);
  if (table.columns.empty()) {
    bad_file(file, "must begin with a header line, but got none");
  }
  return table;
}

CsvMatrix read_matrix(const path& file) {
  std::string text = read_text(file);
  if (!text.empty() && text.back() != '\n') text += '\n';
  std::vector<std::string_view> bytes;
  const CsvTable table = parse(text, file, bytes);
  CsvMatrix matrix{
      .columns = table.columns, .rows = table.rows.size(), .values = {}};
  bool numbers_only = !matrix.columns.empty();
  for (const auto& name : matrix.columns) {
    numbers_only = numbers_only && to_number(name);
  }
  if (matrix.columns.empty() || numbers_only) {
    bad_file(file, "must begin with a line of column names, but got " +
                       (numbers_only ? joined(matrix.columns) : "none"));
  }
  if (matrix.rows == 0) bad_file(file, "must have rows, but got none");
  for (size_t i = 0; i < matrix.rows; ++i) {
    for (size_t j = 0; j < matrix.columns.size(); ++j) {
      const auto value = to_number(table.rows[i][j]);
      if (!value || !std::isfinite(*value)) {
        bad_file(file, "row " + std::to_string(i + 1) + ", column \"" +
                           matrix.columns[j] +
                           "\" must be a finite number, but got \"" +
                           table.rows[i][j] + "\"");
      }
      matrix.values.push_back(*value);
    }
  }
  return matrix;
}

void keep_rows(const path& file, const std::string& column, double at_most) {
  const std::string text = read_text(file);
  std::vector<std::string_view> bytes;
  const CsvTable table = parse(text, file, bytes);
  std::string kept;
  if (!table.columns.empty()) {
    kept = bytes[0];
    const std::vector<double> values = table.numbers(column);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] > at_most)) kept += bytes[i + 1];
    }
  }
  write_atomically(file, kept);
}

std::string csv_text(const std::vector<std::string>& columns,
                     const std::vector<std::vector<std::string>>& rows) {
  std::string text = joined(columns) + "\n";
  for (const auto& row : rows) text += joined(row) + "\n";
  return text;
}

CsvWriter::CsvWriter(path file, std::vector<std::string> columns)
    : path_(std::move(file)), columns_(columns.size()), file_(-1) {
  bool fresh = true;
  if (is_regular_file(path_)) {
    const std::string text = read_text(path_);
    fresh = text.empty();
    if (!fresh && text.back() != '\n') {
      bad_file(path_,
               "must end with a newline, but got a last line torn by a kill: "
               "remove that line");
    }
    if (!fresh) {
      const CsvTable old = read_csv(path_);
      if (old.columns != columns) {
        bad_file(path_, "must have the columns " + joined(columns) +
                            ", but got " + joined(old.columns) +
                            ": move the file away");
      }
    }
  }
  file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) {
    bad_file(path_, "could not open the file: " +
                        std::generic_category().message(errno));
  }
  if (fresh) write_line(columns);
}

CsvWriter::~CsvWriter() { close(file_); }

void CsvWriter::append(const std::vector<double>& row) {
  std::vector<std::string> fields;
  for (const double value : row) fields.push_back(number_text(value));
  write_line(fields);
}

void CsvWriter::append_text(const std::vector<std::string>& row) {
  write_line(row);
}

void CsvWriter::write_line(const std::vector<std::string>& fields) {
  if (fields.size() != columns_) {
    bad_file(path_, "a row must have " + std::to_string(columns_) +
                        " fields, but got " + std::to_string(fields.size()));
  }
  const std::string line = joined(fields) + "\n";
  const off_t before = lseek(file_, 0, SEEK_END);
  const ssize_t written = write(file_, line.data(), line.size());
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (whole && fsync(file_) == 0) return;
  // Only a full disk writes a part.
  const int error = written < 0 || whole ? errno : ENOSPC;
  if (written > 0 && ftruncate(file_, before) != 0) {
    bad_file(path_, "could not take back a torn row: " +
                        std::generic_category().message(errno));
  }
  bad_file(path_,
           "could not write a row: " + std::generic_category().message(error));
}

}  // namespace signet
