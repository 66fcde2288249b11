/*
 * Preloaded into the service: delays the syncs of LMDB's data file, or lets them
 * fail, as the file named by SYNC_SHIM_ORDER says at that moment, and tells of
 * each in the file named by SYNC_SHIM_LOG.
 *
 * An order is three words: the milliseconds that each sync takes longer; the name
 * of those that fail with EIO, or "none"; how many of them do, counted anew with
 * each change of the order, or -1 for all.
 *
 * LMDB commits by an fdatasync of the pages, and then writes its meta page through
 * a descriptor that is open with O_DSYNC: a write that is a sync as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long last_id;
static char last_order[64];
static int failed;

static int is_data_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  const char *name = strrchr(path, '/');
  return name != NULL && strcmp(name, "/data.mdb") == 0;
}

static long now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

static void tell(const char *what, long id, const char *name) {
  char line[128];
  int length = snprintf(line, sizeof line, "%s %ld %s %ld\n", what, id, name, now_us());
  int log = open(getenv("SYNC_SHIM_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || write(log, line, length) != length) abort();
  close(log);
}

/* Returns the number of the sync that begins, and takes its time; sets errno to EIO where it is to fail, to 0 else. */
static long begin(const char *name) {
  char order[sizeof last_order] = "", failing[16] = "none";
  int delay_ms = 0, times = 0;
  pthread_mutex_lock(&lock);
  int file = open(getenv("SYNC_SHIM_ORDER"), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, order, sizeof order - 1) < 0) abort();
    close(file);
  }
  if (strcmp(order, last_order) != 0) failed = 0;
  strcpy(last_order, order);
  sscanf(order, "%d %15s %d", &delay_ms, failing, &times);
  int fails = strcmp(failing, name) == 0 && (times < 0 || failed < times);
  if (fails) failed += 1;
  long id = ++last_id;
  pthread_mutex_unlock(&lock);
  tell("begin", id, name);
  struct timespec delay = {delay_ms / 1000, delay_ms % 1000 * 1000000L};
  nanosleep(&delay, NULL);
  errno = fails ? EIO : 0;
  return id;
}

static void end(long id, const char *name, int done) {
  int code = errno;
  tell(done ? "done" : "failed", id, name);
  errno = code;
}

static int sync_file(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (!is_data_file(fd)) return real(fd);
  long id = begin(name);
  int result = errno == EIO ? -1 : real(fd);
  end(id, name, result == 0);
  return result;
}

int fdatasync(int fd) { return sync_file("fdatasync", fd); }

int fsync(int fd) { return sync_file("fsync", fd); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  static const char name[] = "pwrite64";
  ssize_t (*real)(int, const void *, size_t, off64_t) =
      (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, name);
  if ((fcntl(fd, F_GETFL) & O_DSYNC) == 0 || !is_data_file(fd)) return real(fd, bytes, count, offset);
  long id = begin(name);
  ssize_t result = errno == EIO ? -1 : real(fd, bytes, count, offset);
  end(id, name, result == (ssize_t)count);
  return result;
}

/* LMDB's way to sync a map that is written to: the store has none. */
int msync(void *start, size_t length, int flags) {
  static const char name[] = "msync";
  int (*real)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, name);
  long id = begin(name);
  int result = errno == EIO ? -1 : real(start, length, flags);
  end(id, name, result == 0);
  return result;
}
