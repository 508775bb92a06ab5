"""The other way round: HTTP to FastCGI, for `mpfcgi serve`."""
