/*
 * Preloaded into the service: delays the syncs of LMDB's data file or makes them
 * fail, as the file SYNC_SHIM_CONFIG specifies at that moment, and logs each sync
 * to the file SYNC_SHIM_LOG.
 *
 * The configuration is three words: the delay of each sync in milliseconds; the
 * name of the call that fails with EIO, or "none"; how many of these calls fail
 * after each change of the configuration, or -1 for all.
 *
 * LMDB commits with an fdatasync of the data pages, and then writes its meta page
 * through a descriptor opened with O_DSYNC, so that the write is a sync too.
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
static char last_config[64];
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

static void log_sync(const char *outcome, long id, const char *name) {
  char line[128];
  int length = snprintf(line, sizeof line, "%s %ld %s %ld\n", outcome, id, name, now_us());
  int log = open(getenv("SYNC_SHIM_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || write(log, line, length) != length) abort();
  close(log);
}

/* Starts a sync: returns its number after the delay, and sets errno to EIO if it must fail, otherwise to 0. */
static long begin(const char *name) {
  char config[sizeof last_config] = "", failing[16] = "none";
  int delay_ms = 0, times = 0;
  pthread_mutex_lock(&lock);
  int file = open(getenv("SYNC_SHIM_CONFIG"), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, config, sizeof config - 1) < 0) abort();
    close(file);
  }
  if (strcmp(config, last_config) != 0) failed = 0;
  strcpy(last_config, config);
  sscanf(config, "%d %15s %d", &delay_ms, failing, &times);
  int fails = strcmp(failing, name) == 0 && (times < 0 || failed < times);
  if (fails) failed += 1;
  long id = ++last_id;
  pthread_mutex_unlock(&lock);
  log_sync("begin", id, name);
  struct timespec delay = {delay_ms / 1000, delay_ms % 1000 * 1000000L};
  nanosleep(&delay, NULL);
  errno = fails ? EIO : 0;
  return id;
}

static void end(long id, const char *name, int done) {
  int code = errno;
  log_sync(done ? "done" : "failed", id, name);
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

/* LMDB syncs writable memory maps with msync; the store does not use them. */
int msync(void *start, size_t length, int flags) {
  static const char name[] = "msync";
  int (*real)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, name);
  long id = begin(name);
  int result = errno == EIO ? -1 : real(start, length, flags);
  end(id, name, result == 0);
  return result;
}
