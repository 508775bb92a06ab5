"""The other way round: what comes by HTTP (`mpfcgi serve`), by CGI (`mpfcgi cgi`) or to a FastCGI process that a web
server has started (`mpfcgi fcgi`), to the daemon."""
