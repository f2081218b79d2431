/* Counts what a program does to the files below one folder, and at one of these operations kills it or fails it.
 *
 * Loaded by LD_PRELOAD. It reads from the environment:
 *
 *   BMAE_FAULT_FOLDER  the folder, as realpath(3) gives it
 *   BMAE_FAULT_LOG     a file outside of it: each operation becomes a line "NAME PATH" before it is done
 *   BMAE_FAULT_AT      the number of the operation that is disturbed, from 1; absent: none is
 *   BMAE_FAULT_KIND    kill-before, kill-after, kill-within (half of a write is done), short (half of a write is done
 *                      and said to be done), fail (this operation alone), fail-on (this and all that need room after it)
 *   BMAE_FAULT_ERRNO   the number of the error of the last two
 *   BMAE_FAULT_READS   1: reading counts too
 *
 * Operations of all threads are counted together. What a program does by raw system calls passes by it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, KILL_BEFORE, KILL_AFTER, KILL_WITHIN, SHORT, FAIL, FAIL_ON };

static char folder[PATH_MAX];
static size_t folder_length;
static int log_file = -1;
static long at;
static enum kind kind;
static int error_number;
static int reads;
static atomic_long count;
static atomic_int ready;

static const char *const KINDS[] = {"", "kill-before", "kill-after", "kill-within", "short", "fail", "fail-on"};

__attribute__((constructor)) static void begin(void) {
    const char *value = getenv("BMAE_FAULT_FOLDER");
    if (!value || strlen(value) >= sizeof folder) return;
    strcpy(folder, value);
    folder_length = strlen(folder);
    if ((value = getenv("BMAE_FAULT_LOG")))
        log_file = syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if ((value = getenv("BMAE_FAULT_AT"))) at = atol(value);
    if ((value = getenv("BMAE_FAULT_ERRNO"))) error_number = atoi(value);
    if ((value = getenv("BMAE_FAULT_READS"))) reads = atoi(value);
    if ((value = getenv("BMAE_FAULT_KIND")))
        for (int known = KILL_BEFORE; known <= FAIL_ON; known++)
            if (!strcmp(value, KINDS[known])) kind = known;
    atomic_store(&ready, 1);
}

static _Noreturn void die(void) {
    for (;;) syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
}

static int is_below(const char *path) {
    return !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || path[folder_length] == 0);
}

static int path_of_fd(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

/* The path that `name` means relative to the folder `dir`. */
static int path_at(int dir, const char *name, char *path) {
    if (!name) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return 1;
    }
    char base[PATH_MAX];
    if (dir == AT_FDCWD ? !getcwd(base, sizeof base) : !path_of_fd(dir, base)) return 0;
    if (!strcmp(name, ".")) return snprintf(path, PATH_MAX, "%s", base) > 0;
    return snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

/* What is to be done with an operation: 0 nothing, FAIL with errno set, or the kind that its own function must see to. */
struct turn {
    enum kind kind;
};

static struct turn enter(const char *name, const char *path, int needs_room) {
    struct turn none = {NONE};
    if (!atomic_load(&ready) || !is_below(path)) return none;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (log_file >= 0) {
        char line[PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", name, path);
        syscall(SYS_write, log_file, line, (size_t)length);
    }
    if (!at || number < at || kind == NONE) return none;
    if (number > at) {
        if (kind != FAIL_ON || !needs_room) return none;
        errno = error_number;
        return (struct turn){FAIL};
    }
    switch (kind) {
    case KILL_BEFORE: die();
    case FAIL:
    case FAIL_ON: errno = error_number; return (struct turn){FAIL};
    default: return (struct turn){kind};
    }
}

static struct turn enter_fd(const char *name, int fd, int needs_room) {
    char path[PATH_MAX];
    int saved = errno;
    struct turn turn = {NONE};
    if (path_of_fd(fd, path)) {
        errno = saved;
        turn = enter(name, path, needs_room);
    }
    if (turn.kind != FAIL) errno = saved;
    return turn;
}

static struct turn enter_at(const char *name, int dir, const char *file, int needs_room) {
    char path[PATH_MAX];
    struct turn turn = {NONE};
    if (path_at(dir, file, path)) turn = enter(name, path, needs_room);
    return turn;
}

static void leave(struct turn turn) {
    if (turn.kind == KILL_AFTER || turn.kind == KILL_WITHIN) die();
}

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Calls the next function of this name between enter and leave; `result` is its failure. */
#define THROUGH(type, name, entered, ...) \
    do { \
        NEXT(name); \
        struct turn turn = entered; \
        if (turn.kind == FAIL) return (type)-1; \
        type result = next(__VA_ARGS__); \
        leave(turn); \
        return result; \
    } while (0)

static int changes(int flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

static struct turn enter_open(int dir, const char *file, int flags) {
    if (changes(flags)) return enter_at("open", dir, file, (flags & O_CREAT) != 0);
    if (reads && !(flags & (O_DIRECTORY | O_PATH))) return enter_at("open-to-read", dir, file, 0);
    return (struct turn){NONE};
}

#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list list; \
        va_start(list, flags); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

int open(const char *file, int flags, ...) { MODE THROUGH(int, open, enter_open(AT_FDCWD, file, flags), file, flags, mode); }
int open64(const char *file, int flags, ...) { MODE THROUGH(int, open64, enter_open(AT_FDCWD, file, flags), file, flags, mode); }
int openat(int dir, const char *file, int flags, ...) { MODE THROUGH(int, openat, enter_open(dir, file, flags), dir, file, flags, mode); }
int openat64(int dir, const char *file, int flags, ...) { MODE THROUGH(int, openat64, enter_open(dir, file, flags), dir, file, flags, mode); }
int creat(const char *file, mode_t mode) { THROUGH(int, creat, enter_at("open", AT_FDCWD, file, 1), file, mode); }
int creat64(const char *file, mode_t mode) { THROUGH(int, creat64, enter_at("open", AT_FDCWD, file, 1), file, mode); }

/* How much of a write is done. */
static size_t share(struct turn turn, size_t size) {
    return (turn.kind == KILL_WITHIN || turn.kind == SHORT) && size > 1 ? size / 2 : size;
}

#define WRITE(name, fd, size, ...) \
    do { \
        NEXT(name); \
        struct turn turn = enter_fd("write", fd, 1); \
        if (turn.kind == FAIL) return -1; \
        size_t part = share(turn, size); \
        ssize_t result = next(__VA_ARGS__); \
        leave(turn); \
        return result; \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t size) { WRITE(write, fd, size, fd, bytes, part); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t place) { WRITE(pwrite, fd, size, fd, bytes, part, place); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t place) { WRITE(pwrite64, fd, size, fd, bytes, part, place); }
ssize_t writev(int fd, const struct iovec *parts, int number) {
    struct turn turn = enter_fd("write", fd, 1);
    if (turn.kind == FAIL) return -1;
    NEXT(writev);
    if (turn.kind != KILL_WITHIN && turn.kind != SHORT) {
        ssize_t result = next(fd, parts, number);
        leave(turn);
        return result;
    }
    ssize_t result = syscall(SYS_write, fd, parts[0].iov_base, share(turn, parts[0].iov_len));
    leave(turn);
    return result;
}

ssize_t read(int fd, void *bytes, size_t size) {
    NEXT(read);
    struct turn turn = reads ? enter_fd("read", fd, 0) : (struct turn){NONE};
    if (turn.kind == FAIL) return -1;
    ssize_t result = next(fd, bytes, size > 1 && turn.kind == SHORT ? size / 2 : size);
    leave(turn);
    return result;
}

int fsync(int fd) { THROUGH(int, fsync, enter_fd("fsync", fd, 0), fd); }
int fdatasync(int fd) { THROUGH(int, fdatasync, enter_fd("fdatasync", fd, 0), fd); }
int ftruncate(int fd, off_t size) { THROUGH(int, ftruncate, enter_fd("truncate", fd, 0), fd, size); }
int ftruncate64(int fd, off64_t size) { THROUGH(int, ftruncate64, enter_fd("truncate", fd, 0), fd, size); }
int truncate(const char *file, off_t size) { THROUGH(int, truncate, enter_at("truncate", AT_FDCWD, file, 0), file, size); }
int fchmod(int fd, mode_t mode) { THROUGH(int, fchmod, enter_fd("chmod", fd, 0), fd, mode); }
int chmod(const char *file, mode_t mode) { THROUGH(int, chmod, enter_at("chmod", AT_FDCWD, file, 0), file, mode); }
int flock(int fd, int operation) { THROUGH(int, flock, enter_fd("lock", fd, 0), fd, operation); }
int fallocate64(int fd, int mode, off64_t place, off64_t size) { THROUGH(int, fallocate64, enter_fd("allocate", fd, 1), fd, mode, place, size); }

ssize_t copy_file_range(int from, off64_t *from_place, int to, off64_t *to_place, size_t size, unsigned flags) {
    THROUGH(ssize_t, copy_file_range, enter_fd("copy", to, 1), from, from_place, to, to_place, size, flags);
}
ssize_t sendfile(int to, int from, off_t *place, size_t size) { THROUGH(ssize_t, sendfile, enter_fd("copy", to, 1), to, from, place, size); }
ssize_t sendfile64(int to, int from, off64_t *place, size_t size) { THROUGH(ssize_t, sendfile64, enter_fd("copy", to, 1), to, from, place, size); }

int rename(const char *from, const char *to) { THROUGH(int, rename, enter_at("rename", AT_FDCWD, to, 0), from, to); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
    THROUGH(int, renameat, enter_at("rename", to_dir, to, 0), from_dir, from, to_dir, to);
}
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    THROUGH(int, renameat2, enter_at("rename", to_dir, to, 0), from_dir, from, to_dir, to, flags);
}
int link(const char *from, const char *to) { THROUGH(int, link, enter_at("link", AT_FDCWD, to, 1), from, to); }
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    THROUGH(int, linkat, enter_at("link", to_dir, to, 1), from_dir, from, to_dir, to, flags);
}
int symlink(const char *from, const char *to) { THROUGH(int, symlink, enter_at("link", AT_FDCWD, to, 1), from, to); }
int symlinkat(const char *from, int dir, const char *to) { THROUGH(int, symlinkat, enter_at("link", dir, to, 1), from, dir, to); }
int unlink(const char *file) { THROUGH(int, unlink, enter_at("unlink", AT_FDCWD, file, 0), file); }
int unlinkat(int dir, const char *file, int flags) { THROUGH(int, unlinkat, enter_at("unlink", dir, file, 0), dir, file, flags); }
int rmdir(const char *file) { THROUGH(int, rmdir, enter_at("rmdir", AT_FDCWD, file, 0), file); }
int mkdir(const char *file, mode_t mode) { THROUGH(int, mkdir, enter_at("mkdir", AT_FDCWD, file, 1), file, mode); }
int mkdirat(int dir, const char *file, mode_t mode) { THROUGH(int, mkdirat, enter_at("mkdir", dir, file, 1), dir, file, mode); }

/* Of a file that may have been written; the descriptor is gone in any case. */
int close(int fd) {
    NEXT(close);
    int saved = errno;
    int flags = fcntl(fd, F_GETFL);
    errno = saved;
    struct turn turn = {NONE};
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY) turn = enter_fd("close", fd, 0);
    int result = next(fd);
    leave(turn);
    if (turn.kind != FAIL) return result;
    errno = error_number;
    return -1;
}
