#include "signet/data/csv.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"
#include "signet/data/csv_lines.h"

namespace signet {
namespace {

using std::filesystem::path;

CsvTable to_table(const CsvLines& text, const path& file) {
  CsvTable table;
  table.path = file;
  for (const CsvLine& line : text.lines) {
    if (&line == &text.lines.front()) {
      table.columns = line.fields;
    } else if (line.fields.size() != table.columns.size()) {
      bad_file(file, "row " + std::to_string(table.rows.size() + 1) +
                         " must have " + std::to_string(table.columns.size()) +
                         " fields as the header, but got " +
                         std::to_string(line.fields.size()));
    } else {
      table.rows.push_back(line.fields);
    }
  }
  return table;
}

std::string read_text(const path& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

[[noreturn]] void unclosed(const path& file) {
  bad_file(file, "a quote must be closed, but the last one is not");
}

// The names of columns, for an error.
std::string shown(const std::vector<std::string>& columns) {
  std::string line = csv_line(columns);
  line.pop_back();
  return printable(line, 200);
}

// Whether a field can name a column: not what an example has in its place.
bool is_name(const std::string& field) {
  return !csv_missing(field) && !csv_number(field) &&
         std::any_of(field.begin(), field.end(), [](unsigned char c) {
           return std::isalpha(c) || c == '_' || c >= 0x80;
         });
}

void check_names(const CsvTable& table) {
  const auto& names = table.columns;
  if (std::none_of(names.begin(), names.end(), is_name)) {
    bad_file(table.path, "must begin with a line of column names, but got " +
                             (names.empty() ? "none" : shown(names)));
  }
  for (size_t j = 0; j < names.size(); ++j) {
    if (!names[j].empty()) continue;
    bad_file(table.path,
             "column " + std::to_string(j + 1) +
                 " must have a name, but got none: leave out what numbers the "
                 "rows (index=False in pandas, row.names=FALSE in R) and empty "
                 "columns");
  }
}

bool is_blank(const std::vector<std::string>& row) {
  return std::all_of(row.begin(), row.end(), csv_missing);
}

}  // namespace

size_t CsvTable::column(const std::string& name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) {
    bad_file(path,
             "must have a column \"" + name + "\", but got " + shown(columns));
  }
  if (std::find(found + 1, columns.end(), name) != columns.end()) {
    bad_file(path, "must have one column \"" + name + "\", but got " +
                       shown(columns));
  }
  return static_cast<size_t>(found - columns.begin());
}

std::vector<double> CsvTable::numbers(const std::string& name) const {
  const size_t at = column(name);
  std::vector<double> result;
  for (const auto& row : rows) {
    const std::string& field = row[at];
    const auto value = csv_number(field);
    if (!csv_missing(field) && !value) {
      bad_file(path, "column \"" + name + "\" must hold numbers, but got \"" +
                         printable(field) + "\" in row " +
                         std::to_string(result.size() + 1));
    }
    result.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return result;
}

CsvTable read_csv(const path& file) {
  const std::string text = read_text(file);
  const CsvLines lines = read_csv_lines(text, file);
  // A kill tears a row; a quote that swallows lines is another matter.
  if (lines.open_quote && lines.torn.find('\n') != std::string_view::npos) {
    unclosed(file);
  }
  CsvTable table = to_table(lines, file);
  if (table.columns.empty()) {
    bad_file(file, "must begin with a header line, but got none");
  }
  table.torn = !lines.torn.empty();
  return table;
}

CsvMatrix read_matrix(const path& file) {
  std::string text = read_text(file);
  if (!text.empty() && text.back() != '\n') text += '\n';
  const CsvLines lines = read_csv_lines(text, file);
  if (lines.open_quote) unclosed(file);
  CsvTable table = to_table(lines, file);
  check_names(table);
  // Spreadsheets write rows that were once filled.
  while (!table.rows.empty() && is_blank(table.rows.back())) {
    table.rows.pop_back();
  }
  if (table.rows.empty()) bad_file(file, "must have rows, but got none");
  CsvMatrix matrix{
      .columns = table.columns, .rows = table.rows.size(), .values = {}};
  for (size_t i = 0; i < matrix.rows; ++i) {
    for (size_t j = 0; j < matrix.columns.size(); ++j) {
      const auto value = csv_number(table.rows[i][j]);
      if (!value || !std::isfinite(*value)) {
        bad_file(file, "row " + std::to_string(i + 1) + ", column \"" +
                           printable(matrix.columns[j]) +
                           "\" must be a finite number such as -1.5e3, but "
                           "got \"" +
                           printable(table.rows[i][j]) + "\"");
      }
      matrix.values.push_back(*value);
    }
  }
  return matrix;
}

void keep_rows(const path& file, const std::string& column, double at_most) {
  const std::string text = read_text(file);
  const CsvLines lines = read_csv_lines(text, file);
  const CsvTable table = to_table(lines, file);
  std::string kept;
  if (!table.columns.empty()) {
    kept = lines.lines[0].bytes;
    const std::vector<double> values = table.numbers(column);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] > at_most)) kept += lines.lines[i + 1].bytes;
    }
  }
  write_atomically(file, kept);
}

std::string csv_text(const std::vector<std::string>& columns,
                     const std::vector<std::vector<std::string>>& rows) {
  std::string text = csv_line(columns);
  for (const auto& row : rows) text += csv_line(row);
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
        bad_file(path_, "must have the columns " + shown(columns) +
                            ", but got " + shown(old.columns) +
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
  for (const double value : row) {
    fields.push_back(std::isnan(value) ? "" : number_text(value));
  }
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
  const std::string line = csv_line(fields);
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
