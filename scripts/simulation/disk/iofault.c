/* Stands between a process and its disk: counts what is done to files below one folder, writes it down, lets the
 * n-th operation fail, or kills the process there. Loaded with LD_PRELOAD; shim.py beside it builds and drives it.
 *
 * Nothing is touched before iofault_watch() names a folder. What SQLite keeps in shared memory (-shm) is counted and
 * may fail, but is not written down: no power cut leaves it behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX 4096
enum { OFF, COUNT, FAIL, KILL, READ };
enum { OPEN = 'o', WRITE = 'w', CUT = 't', SYNC = 's', CLOSE = 'c', RENAME = 'r', UNLINK = 'u', MKDIR = 'm', NOTE = 'n' };

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char folder[PATH_MAX];
static size_t folder_length;
static unsigned char watched[FDS_MAX]; /* 1: a file below the folder; 2: its bytes are not written down */
static int mode = OFF, paused, fault, lasting, short_writes, record_fd = -1;
static long count, at;

static int is_below(const char *path) {
  return folder_length && path && !strncmp(path, folder, folder_length) &&
         (path[folder_length] == '/' || !path[folder_length]);
}

static int is_watched(int fd) { return fd >= 0 && fd < FDS_MAX && watched[fd]; }

static void put(const void *data, size_t size) {
  const char *from = data;
  while (size) {
    long done = syscall(SYS_write, record_fd, from, size);
    if (done <= 0) abort(); /* a record with holes would prove nothing */
    from += done;
    size -= done;
  }
}

static void record(char op, int fd, int64_t offset, const void *first, size_t first_size, const void *second,
                   size_t second_size) {
  if (record_fd < 0) return;
  struct __attribute__((packed)) { char op; int32_t fd; int64_t offset; uint32_t first, second; } head = {
      op, fd, offset, (uint32_t)first_size, (uint32_t)second_size};
  put(&head, sizeof head);
  put(first, first_size);
  put(second, second_size);
}

/* Count one operation. 0: let it pass; 1: it fails with errno set; 2: only half of it is done. */
static int strike(int takes_space, int is_write) {
  if (mode == OFF || mode == READ || paused) return 0;
  if (fault == ENOSPC && !takes_space) return 0;
  long number = count++;
  if (mode == COUNT || (lasting ? number < at : number != at)) return 0;
  if (mode == KILL) {
    if (is_write && short_writes) return 2;
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  }
  if (is_write && short_writes && number == at) { at++; return 2; } /* the next one fails, as on a disk that fills up */
  errno = fault;
  return 1;
}

static void die_where_due(void) {
  if (mode == KILL) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
}

void iofault_watch(const char *path) {
  strncpy(folder, path, sizeof folder - 1);
  folder_length = strlen(folder);
}

void iofault_record(int fd) { record_fd = fd; }

void iofault_arm(int new_mode, long n, int error, int from_then_on, int half) {
  pthread_mutex_lock(&lock);
  mode = new_mode, at = n, fault = error, lasting = from_then_on, short_writes = half, count = 0;
  pthread_mutex_unlock(&lock);
}

/* Let pass, uncounted, what the trial itself does. */
void iofault_pause(int is_paused) { paused = is_paused; }

/* Let everything pass again; give how many operations were counted. */
long iofault_disarm(void) {
  pthread_mutex_lock(&lock);
  long counted = count;
  mode = OFF;
  pthread_mutex_unlock(&lock);
  return counted;
}

/* Write down that something was promised to somebody, in order with what was done to the disk. */
void iofault_note(const char *text) {
  pthread_mutex_lock(&lock);
  record(NOTE, -1, 0, text, strlen(text), NULL, 0);
  pthread_mutex_unlock(&lock);
}


static int open_file(int dir, const char *path, int flags, mode_t rights) {
  if (!is_below(path)) return (int)syscall(SYS_openat, dir, path, flags, rights);
  pthread_mutex_lock(&lock);
  struct stat known;
  int creates = flags & O_CREAT && lstat(path, &known);
  int writes = (flags & O_ACCMODE) != O_RDONLY;
  int fd = (creates || writes) && strike(creates, 0) ? -1 : (int)syscall(SYS_openat, dir, path, flags, rights);
  if (fd >= 0 && fd < FDS_MAX) {
    size_t length = strlen(path);
    watched[fd] = length > 4 && !strcmp(path + length - 4, "-shm") ? 2 : 1;
    if (watched[fd] == 1) {
      record(OPEN, fd, creates, path, length, NULL, 0);
      if (flags & O_TRUNC && !creates) record(CUT, fd, 0, NULL, 0, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPENS(name, parameters, dir, path, flags, last) \
  int name parameters { \
    mode_t rights = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
      va_list more; \
      va_start(more, last); \
      rights = va_arg(more, mode_t); \
      va_end(more); \
    } \
    return open_file(dir, path, flags, rights); \
  }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD, path, flags, flags)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, path, flags, flags)
OPENS(openat, (int dir, const char *path, int flags, ...), dir, path, flags, flags)
OPENS(openat64, (int dir, const char *path, int flags, ...), dir, path, flags, flags)

int close(int fd) {
  if (is_watched(fd)) {
    pthread_mutex_lock(&lock);
    if (watched[fd] == 1) record(CLOSE, fd, 0, NULL, 0, NULL, 0);
    watched[fd] = 0;
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_close, fd);
}

static ssize_t write_file(int fd, const void *data, size_t size, int64_t offset) {
  int is_placed = offset >= 0;
  pthread_mutex_lock(&lock);
  int verdict = strike(1, size > 1);
  if (verdict == 1) {
    pthread_mutex_unlock(&lock);
    return -1;
  }
  if (verdict == 2) size /= 2;
  if (!is_placed) {
    int appends = fcntl(fd, F_GETFL) & O_APPEND;
    offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
  }
  ssize_t done = is_placed ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
  if (done > 0 && watched[fd] == 1) record(WRITE, fd, offset, data, done, NULL, 0);
  if (verdict == 2) die_where_due();
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t write(int fd, const void *data, size_t size) {
  return is_watched(fd) ? write_file(fd, data, size, -1) : syscall(SYS_write, fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  return is_watched(fd) ? write_file(fd, data, size, offset) : syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return pwrite(fd, data, size, offset); }

/* Reading is counted by itself: it changes nothing, and there is much more of it. */
static int fails_to_read(int fd) {
  if (mode != READ || paused || !is_watched(fd)) return 0;
  pthread_mutex_lock(&lock);
  long number = count++;
  pthread_mutex_unlock(&lock);
  if (lasting ? number < at : number != at) return 0;
  errno = fault;
  return 1;
}

ssize_t read(int fd, void *data, size_t size) { return fails_to_read(fd) ? -1 : syscall(SYS_read, fd, data, size); }

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
  return fails_to_read(fd) ? -1 : syscall(SYS_pread64, fd, data, size, offset);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset) { return pread(fd, data, size, offset); }

/* Never between watched files: the caller falls back to reading and writing. */
ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
  if (is_watched(out)) {
    errno = ENOSYS;
    return -1;
  }
  return syscall(SYS_sendfile, out, in, offset, size);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) { return sendfile(out, in, offset, size); }

static int cut_file(int fd, off_t size) {
  if (!is_watched(fd)) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&lock);
  struct stat known;
  int grows = !fstat(fd, &known) && size > known.st_size;
  int done = strike(grows, 0) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
  if (!done && watched[fd] == 1) record(CUT, fd, size, NULL, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t size) { return cut_file(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut_file(fd, size); }

static int sync_file(int fd, long call) {
  if (!is_watched(fd)) return (int)syscall(call, fd);
  pthread_mutex_lock(&lock);
  int done = strike(1, 0) ? -1 : (int)syscall(call, fd);
  if (!done && watched[fd] == 1) record(SYNC, fd, 0, NULL, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int rename(const char *from, const char *to) {
  if (!is_below(from) && !is_below(to)) return (int)syscall(SYS_rename, from, to);
  pthread_mutex_lock(&lock);
  int done = strike(1, 0) ? -1 : (int)syscall(SYS_rename, from, to);
  if (!done) record(RENAME, -1, 0, from, strlen(from), to, strlen(to));
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  if (!is_below(path)) return (int)syscall(SYS_unlink, path);
  pthread_mutex_lock(&lock);
  int done = strike(0, 0) ? -1 : (int)syscall(SYS_unlink, path);
  if (!done) record(UNLINK, -1, 0, path, strlen(path), NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}

int mkdir(const char *path, mode_t rights) {
  if (!is_below(path)) return (int)syscall(SYS_mkdir, path, rights);
  pthread_mutex_lock(&lock);
  int done = strike(1, 0) ? -1 : (int)syscall(SYS_mkdir, path, rights);
  if (!done) record(MKDIR, -1, 0, path, strlen(path), NULL, 0);
  pthread_mutex_unlock(&lock);
  return done;
}
