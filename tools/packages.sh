#!/usr/bin/env bash
# packages.sh run|test|bench: see that the Debian packages a make target needs are there.
#
# As root, missing ones are installed with apt-get; otherwise they are named. Python itself is needed by every target
# and its absence ends the script with 1. A missing server only makes its tests be skipped and its row of the
# benchmark be left out, except under CI=true, where it is a failure.
set -euo pipefail

PYTHON=${PYTHON:-python3}
target=${1:?usage: packages.sh run|test|bench}
missing=()

# need PACKAGE TEST...: remember the package unless the test succeeds.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1"; }
redis_or_valkey() { program redis-server || program valkey-server; }
any_file() { compgen -G "$1"; }

find_missing() {
    missing=()
    need python3 program "$PYTHON"
    need python3-venv "$PYTHON" -c 'import ensurepip, venv'
    case $target in
        run) ;;
        test)
            need nginx program nginx
            need libnginx-mod-stream test -e /usr/lib/nginx/modules/ngx_stream_module.so
            need openssl program openssl
            need redis-server redis_or_valkey
            need apache2 program apache2
            need libapache2-mod-python test -e /usr/lib/apache2/modules/mod_python.so
            need libapache2-mod-fcgid test -e /usr/lib/apache2/modules/mod_fcgid.so
            need libapache2-mod-xsendfile test -e /usr/lib/apache2/modules/mod_xsendfile.so
            need lighttpd program lighttpd
            need lighttpd-mod-openssl test -e /usr/lib/lighttpd/mod_openssl.so
            need caddy program caddy
            need haproxy program haproxy
            need libfcgi-bin program cgi-fcgi
            need spawn-fcgi program spawn-fcgi
            ;;
        bench)
            need nginx program nginx
            need wrk program wrk
            need gcc program cc
            need libc6-dev test -e /usr/include/stdio.h
            need apache2 program apache2
            need libapache2-mod-python test -e /usr/lib/apache2/modules/mod_python.so
            need php-fpm any_file '/usr/sbin/php-fpm*'
            need redis-server redis_or_valkey
            ;;
        *)
            echo "packages.sh: no such target: $target (run, test, bench)" >&2
            exit 2
            ;;
    esac
}

# One at a time, so that a package which this Debian release does not have leaves the others be.
# RUNLEVEL=1 keeps a package's own service from being started where there is no systemd.
install_missing() {
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    echo "packages.sh: installing ${missing[*]}" >&2
    apt-get update -qq || echo "packages.sh: apt-get update failed, going on with the list as it is" >&2
    for package in "${missing[@]}"; do
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
    done
    hash -r
    find_missing
}

find_missing
if ((${#missing[@]})) && ((EUID == 0)) && command -v apt-get >/dev/null; then
    install_missing
fi

if ((${#missing[@]})); then
    echo "packages.sh: for 'make $target' these Debian packages are missing: ${missing[*]}" >&2
    echo "packages.sh: install them with: sudo apt-get install ${missing[*]}" >&2
    for package in "${missing[@]}"; do
        [[ $package != python3* ]] || exit 1
    done
    [[ ${CI:-} != true ]] || exit 1
fi

"$PYTHON" - <<'PYTHON'
import sys
if sys.version_info < (3, 9):
    sys.exit("mpfcgi needs Python 3.9 or newer; %s is %s. Name another one with: make PYTHON=python3.12 ..."
             % (sys.executable, ".".join(map(str, sys.version_info[:3]))))
PYTHON
