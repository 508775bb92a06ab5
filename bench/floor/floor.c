/* The floor of the benchmark: as little as a FastCGI responder can do.
 *
 *   floor SOCKET PROCESSES
 *
 * Each process is one epoll loop over a shared listening socket. A request is read record by record, its parameters
 * are skipped unlooked at, and when its standard input ends one prepared answer is sent. Connections are kept when
 * FCGI_KEEP_CONN asks for it. What a Python worker needs beyond this is what Python costs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEGIN_REQUEST = 1, END_REQUEST = 3, STDIN = 5, STDOUT = 6, HEADER = 8, BUFFER = 1 << 17, EVENTS = 64 };

static const char ANSWER[] = "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello World!";

struct connection {
    int fd;
    int keep;
    size_t used;
    unsigned char buffer[BUFFER];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* STDOUT with the answer, an empty STDOUT, END_REQUEST: one write. */
static size_t make_answer(unsigned char *out, const unsigned char *id) {
    size_t length = sizeof ANSWER - 1, padding = (8 - length % 8) % 8;
    unsigned char *p = out;
    unsigned char stdout_head[HEADER] = {1, STDOUT, id[0], id[1], length >> 8, length & 255, padding, 0};
    unsigned char stdout_end[HEADER] = {1, STDOUT, id[0], id[1], 0, 0, 0, 0};
    unsigned char end_head[HEADER] = {1, END_REQUEST, id[0], id[1], 0, 8, 0, 0};
    p = mempcpy(p, stdout_head, HEADER);
    p = mempcpy(p, ANSWER, length);
    memset(p, 0, padding), p += padding;
    p = mempcpy(p, stdout_end, HEADER);
    p = mempcpy(p, end_head, HEADER);
    memset(p, 0, 8), p += 8;
    return (size_t)(p - out);
}

/* Consume whole records; answer each request that ended. Returns 0 when the connection is to be closed. */
static int advance(struct connection *c) {
    unsigned char out[256];
    size_t at = 0;
    while (c->used - at >= HEADER) {
        unsigned char *r = c->buffer + at;
        size_t length = (size_t)r[4] << 8 | r[5], whole = HEADER + length + r[6];
        if (c->used - at < whole) break;
        if (r[1] == BEGIN_REQUEST) c->keep = r[HEADER + 2] & 1;
        if (r[1] == STDIN && length == 0) {
            size_t n = make_answer(out, r + 2);
            if (send(c->fd, out, n, MSG_NOSIGNAL) != (ssize_t)n || !c->keep) return 0;
        }
        at += whole;
    }
    memmove(c->buffer, c->buffer + at, c->used - at);
    c->used -= at;
    return 1;
}

static int receive(struct connection *c) {
    ssize_t n = recv(c->fd, c->buffer + c->used, BUFFER - c->used, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return 0;
    c->used += (size_t)n;
    return advance(c);
}

static void serve(int listener) {
    struct epoll_event events[EVENTS], e = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = NULL};
    int poll = epoll_create1(0);
    if (epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e) < 0) fail("epoll_ctl");
    for (;;) {
        int n = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) continue;
                if ((c = malloc(sizeof *c)) == NULL) fail("malloc");
                c->fd = fd, c->keep = 0, c->used = 0;
                struct epoll_event in = {.events = EPOLLIN, .data.ptr = c};
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &in);
            } else if (!receive(c)) {
                close(c->fd);
                free(c);
            }
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: floor SOCKET PROCESSES\n");
        return 2;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    unlink(argv[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail(argv[1]);
    chmod(argv[1], 0666);
    if (listen(listener, 511) < 0) fail("listen");
    pid_t parent = getpid();
    for (int i = 0; i < atoi(argv[2]); i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) return 1;
            serve(listener);
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}
