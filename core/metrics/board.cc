// The shared memory where every worker counts: made before the fork, read by whoever shows it.
// SPDX-License-Identifier: MIT
#include "metrics/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"
#include "metrics/words.h"

namespace hyalite {

namespace {

// The memory: header, description, rows, regions; each part and each worker's piece of a region
// begins on a page.
struct Header {
  char magic[8];
  std::uint64_t workers;
  std::uint64_t text_bytes;
  std::uint64_t bytes;
};
constexpr char kMagic[8] = {'H', 'y', 'B', 'o', 'a', 'r', 'd', '0'};
constexpr std::size_t kPage = 4'096;
// Two rows never share a cache line, nor a pair of them that the processor fetches together.
constexpr std::size_t kRowAlignment = 128;
constexpr std::size_t kMostText = std::size_t{32} << 20;
// Nobody's board is larger; a sum of sizes below it cannot overflow.
constexpr std::size_t kMostBytes = std::size_t{64} << 30;

std::size_t rounded(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

std::size_t row_bytes(const Layout& layout) {
  return rounded(layout.cells() * sizeof(std::uint64_t), kRowAlignment);
}

std::string description(const Layout& layout) {
  std::string text;
  for (const MetricFamily& family : layout.families())
    text += "family " + family_words(family) + '\n';
  for (const MetricSeries& series : layout.series()) {
    text += "series " + std::to_string(series.family) + ' ' + label_words(series.labels) + '\n';
  }
  for (const BoardRegion& region : layout.regions()) {
    text += "region " + std::to_string(region.bytes) + (region.per_worker ? " worker " : " all ") +
            word(region.name) + '\n';
  }
  return text;
}

Error odd_board() { return Error{Fault::us, "the board is not one that this program wrote"}; }

// Builds the same layout by declaring everything again, so the same rules hold and the same places
// come out.
class DescriptionReader {
 public:
  Result<std::unique_ptr<const Layout>> read(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) {
      if (!line.empty() && !read_line(line)) return odd_board();
    }
    return std::unique_ptr<const Layout>(std::move(layout_));
  }

 private:
  bool read_line(std::string_view line) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return false;
    const std::string_view kind = line.substr(0, space), rest = line.substr(space + 1);
    if (kind == "family") return read_family(rest);
    if (kind == "series") return read_series(rest);
    return kind == "region" && read_region(rest);
  }

  bool read_family(std::string_view words) {
    auto family = family_from_words(words);
    if (!family) return false;
    families_.push_back(std::move(*family));
    return true;
  }

  bool read_series(std::string_view words) {
    const std::size_t space = words.find(' ');
    if (space == std::string_view::npos) return false;
    const auto family = parse_decimal(words.substr(0, space));
    const auto labels = labels_from_words(words.substr(space + 1));
    return family && *family < families_.size() && labels &&
           layout_->declare(families_[*family], *labels).has_value();
  }

  bool read_region(std::string_view words) {
    const auto pieces = split(words, ' ');
    if (pieces.size() != 3 || layout_->regions().size() >= kMostRegions) return false;
    const auto bytes = parse_decimal(pieces[0]);
    const auto name = from_word(pieces[2]);
    if (!bytes || *bytes == 0 || *bytes > Layout::kMostRegionBytes || !name) return false;
    if (pieces[1] == "worker") return layout_->worker_region(*name, *bytes), true;
    return pieces[1] == "all" && (layout_->region(*name, *bytes), true);
  }

  static constexpr std::size_t kMostRegions = 32;
  std::vector<MetricFamily> families_;
  std::unique_ptr<Layout> layout_ = std::make_unique<Layout>();
};

}  // namespace

BoardPlaces::BoardPlaces(const Layout& layout, unsigned workers, std::size_t description_bytes)
    : rows(rounded(sizeof(Header) + description_bytes, kPage)), row(row_bytes(layout)) {
  end = rounded(rows + row * (workers + 1), kPage);
  for (const BoardRegion& region : layout.regions()) {
    regions.push_back(end);
    end += rounded(region.bytes, kPage) * (region.per_worker ? workers : 1);
  }
}

Result<SharedMemory> SharedMemory::map(int fd, std::size_t bytes, bool writable) {
  void* at =
      ::mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return Error::system(Fault::us, "cannot map shared memory", errno);
  SharedMemory memory;
  memory.bytes_ = {static_cast<std::byte*>(at), bytes};
  return memory;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

namespace {

// Then the filter that keeps workers from stretching it (process/confinement.h) would not hold: libseccomp 2.5 compares the halves
// of addresses one after the other, and mixes them up for a range whose ends differ in the upper one.
bool crosses_4_gib(std::span<const std::byte> memory) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  return begin >> 32 != (begin + memory.size() - 1) >> 32;
}

}  // namespace

Result<Board> Board::make(Layout layout, unsigned workers) {
  assert(workers >= 1 && workers <= kMostWorkers);
  Board board;
  const std::string text = description(layout);
  const BoardPlaces places(layout, workers, text.size());
  if (places.end > kMostBytes)
    return Error{Fault::operator_, "the limits ask for more memory than any machine has"};

  board.fd_.reset(::memfd_create("hyalite-board", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!board.fd_) return Error::system(Fault::us, "memfd_create", errno);
  if (::ftruncate(board.fd(), static_cast<off_t>(places.end)) != 0) {
    return Error::system(Fault::us, "cannot make the board", errno);
  }
  auto memory = SharedMemory::map(board.fd(), places.end, true);
  // Once more, while the first one holds its place.
  if (memory && crosses_4_gib(memory->bytes())) memory = SharedMemory::map(board.fd(), places.end, true);
  if (!memory) return memory.error();
  // Whoever gets the descriptor can neither shrink the memory under others nor write to it.
  if (::fcntl(board.fd(), F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return Error::system(Fault::us, "cannot seal the board", errno);
  }
  board.memory_ = std::move(*memory);
  Header header{{}, workers, text.size(), places.end};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::memcpy(board.memory_.bytes().data(), &header, sizeof(header));
  std::memcpy(board.memory_.bytes().data() + sizeof(header), text.data(), text.size());
  board.places_ = places;
  board.layout_ = std::make_unique<const Layout>(std::move(layout));
  board.workers_ = workers;
  return board;
}

MetricRow Board::row(unsigned index) const {
  std::byte* at = memory_.bytes().data() + places_.rows + places_.row * index;
  return {reinterpret_cast<std::uint64_t*>(at), *layout_};
}

MetricRow Board::worker(unsigned index) const {
  assert(index < workers_);
  return row(index);
}

MetricRow Board::generation() const { return row(workers_); }

std::span<std::byte> Board::region(Region region) const {
  const BoardRegion& what = layout_->regions()[region.index];
  assert(!what.per_worker);
  return memory_.bytes().subspan(places_.regions[region.index], what.bytes);
}

std::span<std::byte> Board::worker_region(Region region, unsigned worker) const {
  const BoardRegion& what = layout_->regions()[region.index];
  assert(what.per_worker && worker < workers_);
  return memory_.bytes().subspan(
      places_.regions[region.index] + rounded(what.bytes, kPage) * worker, what.bytes);
}

void Board::forget_gauges(unsigned index) {
  const MetricRow dead = worker(index);
  for (const MetricSeries& series : layout_->series()) {
    if (layout_->families()[series.family].kind == MetricKind::gauge) *dead.cell(series.first) = 0;
  }
}

Result<void> Board::keep_only(unsigned worker) {
  assert(worker < workers_);
  fd_.reset();
  std::size_t kept = 0;  // up to here it is decided
  const auto keep = [&](std::size_t from, std::size_t bytes) -> Result<void> {
    auto taken = take_away(kept, from);
    kept = from + bytes;
    return taken;
  };
  if (auto done = keep(places_.rows + places_.row * worker, places_.row); !done) return done;
  for (std::size_t i = 0; i < layout_->regions().size(); ++i) {
    const BoardRegion& what = layout_->regions()[i];
    const std::size_t before = what.per_worker ? rounded(what.bytes, kPage) * worker : 0;
    if (auto done = keep(places_.regions[i] + before, what.bytes); !done) return done;
  }
  return take_away(kept, places_.end);
}

// The pages that are wholly in between. Something else takes their addresses, so that nothing of somebody's can come to lie
// there, and all of the memory can be unmapped as what it was.
Result<void> Board::take_away(std::size_t from, std::size_t to) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = rounded(from, page), end = to / page * page;
  if (begin >= end) return {};
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (::mmap(memory_.bytes().data() + begin, end - begin, PROT_NONE, flags, -1, 0) == MAP_FAILED)
    return Error::system(Fault::us, "cannot unmap the board of others", errno);
  return {};
}

Result<BoardView> BoardView::open(const Fd& fd) {
  struct stat status {};
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  // What could shrink would kill its reader (SIGBUS).
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || ::fstat(fd.get(), &status) != 0)
    return odd_board();
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (bytes < sizeof(Header) || bytes > kMostBytes) return odd_board();
  auto memory = SharedMemory::map(fd.get(), bytes, false);
  if (!memory) return memory.error();

  Header header;
  std::memcpy(&header, memory->bytes().data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 || header.bytes != bytes)
    return odd_board();
  if (header.workers == 0 || header.workers > Board::kMostWorkers) return odd_board();
  if (header.text_bytes > kMostText || header.text_bytes > bytes - sizeof(header))
    return odd_board();
  // A copy: its owner could still change it while we read.
  const std::string text(reinterpret_cast<const char*>(memory->bytes().data()) + sizeof(header),
                         header.text_bytes);
  auto layout = DescriptionReader().read(text);
  if (!layout) return layout.error();

  BoardView view;
  view.workers_ = static_cast<unsigned>(header.workers);
  const BoardPlaces places(**layout, view.workers_, text.size());
  if (places.end != bytes) return odd_board();
  view.places_ = places;
  view.memory_ = std::move(*memory);
  view.layout_ = std::move(*layout);
  return view;
}

std::uint64_t BoardView::value(unsigned row, Cell cell) const {
  assert(row <= workers_ && cell.index < layout_->cells());
  const std::byte* at = memory_.bytes().data() + places_.rows + places_.row * row +
                        cell.index * sizeof(std::uint64_t);
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(at), __ATOMIC_RELAXED);
}

std::span<const std::byte> BoardView::region(std::string_view name) const {
  return region_of(name, false, 0);
}

std::span<const std::byte> BoardView::worker_region(std::string_view name, unsigned worker) const {
  return worker < workers_ ? region_of(name, true, worker) : std::span<const std::byte>{};
}

std::span<const std::byte> BoardView::region_of(std::string_view name, bool per_worker,
                                                unsigned worker) const {
  for (std::size_t i = 0; i < layout_->regions().size(); ++i) {
    const BoardRegion& what = layout_->regions()[i];
    if (what.name != name || what.per_worker != per_worker) continue;
    return memory_.bytes().subspan(places_.regions[i] + rounded(what.bytes, kPage) * worker,
                                   what.bytes);
  }
  return {};
}

}  // namespace hyalite
