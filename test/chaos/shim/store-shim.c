/*
 * What a server's machine says is false: its clock is off, or a disk of its has no room. For LD_PRELOAD; both are told by the file that
 * CHAOS_SHIM names, which is mapped, so that they become true, and false again, while the server runs. See store-shim.ts.
 *
 *   0  int64   microseconds by which the clock of people is off; the clock that nobody sets stays as it is
 *   8  int32   whether the disk is full
 *  16  char[]  the folder whose files cannot grow then; what is there can be overwritten, as on a disk that is full
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
  volatile int64_t offset;
  volatile int32_t full;
  int32_t unused;
  char folder[4000];
};

static const struct control nothing;
static const struct control *control = &nothing;

__attribute__((constructor)) static void read_control(void) {
  const char *path = getenv("CHAOS_SHIM");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *map = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (map != MAP_FAILED) control = map;
}

int clock_gettime(clockid_t clock, struct timespec *to) {
  long result = syscall(SYS_clock_gettime, clock, to);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t micros = to->tv_sec * INT64_C(1000000) + to->tv_nsec / 1000 + control->offset;
    to->tv_nsec = (micros % 1000000) * 1000 + to->tv_nsec % 1000;
    to->tv_sec = micros / 1000000;
  }
  return (int)result;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  to->tv_sec = now.tv_sec;
  to->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *to) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (to != NULL) *to = now.tv_sec;
  return now.tv_sec;
}

/* Whether a file may not become as long as this. Below zero: it is written at its place, or at its end. */
static int no_room(int file, off_t from, size_t bytes) {
  char link[64], path[PATH_MAX];
  struct stat found;
  int before = errno;
  if (!control->full) return 0;
  int grows = 0;
  if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
    if (from < 0) from = fcntl(file, F_GETFL) & O_APPEND ? found.st_size : lseek(file, 0, SEEK_CUR);
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    size_t folder = strlen(control->folder);
    grows = from + (off_t)bytes > found.st_size && length > (ssize_t)folder && memcmp(path, control->folder, folder) == 0;
  }
  errno = grows ? ENOSPC : before;
  return grows;
}

static size_t bytes_of(const struct iovec *parts, int count) {
  size_t bytes = 0;
  for (int n = 0; n < count; n++) bytes += parts[n].iov_len;
  return bytes;
}

ssize_t write(int file, const void *from, size_t bytes) {
  return no_room(file, -1, bytes) ? -1 : syscall(SYS_write, file, from, bytes);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  return no_room(file, -1, bytes_of(parts, count)) ? -1 : syscall(SYS_writev, file, parts, count);
}

ssize_t pwrite(int file, const void *from, size_t bytes, off_t at) {
  return no_room(file, at, bytes) ? -1 : syscall(SYS_pwrite64, file, from, bytes, at);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
  return no_room(file, at, bytes_of(parts, count)) ? -1 : syscall(SYS_pwritev, file, parts, count, at, 0);
}

int ftruncate(int file, off_t bytes) {
  return no_room(file, 0, (size_t)bytes) ? -1 : (int)syscall(SYS_ftruncate, file, bytes);
}

int fallocate(int file, int mode, off_t at, off_t bytes) {
  return no_room(file, at, (size_t)bytes) ? -1 : (int)syscall(SYS_fallocate, file, mode, at, bytes);
}

int posix_fallocate(int file, off_t at, off_t bytes) {
  return fallocate(file, 0, at, bytes) == 0 ? 0 : errno;
}

ssize_t pwrite64(int, const void *, size_t, off64_t) __attribute__((alias("pwrite")));
ssize_t pwritev64(int, const struct iovec *, int, off64_t) __attribute__((alias("pwritev")));
int ftruncate64(int, off64_t) __attribute__((alias("ftruncate")));
int fallocate64(int, int, off64_t, off64_t) __attribute__((alias("fallocate")));
int posix_fallocate64(int, off64_t, off64_t) __attribute__((alias("posix_fallocate")));
